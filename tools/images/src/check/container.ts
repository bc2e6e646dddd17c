import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { docker } from '../docker.ts';

/** As in a cluster: only /data and /tmp are writable, no capabilities, no privilege escalation. */
const confined = [
  '--read-only',
  '--tmpfs=/tmp',
  '--tmpfs=/data:uid=65532,gid=65532',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--network=host',
];

const flags = (env: Readonly<Record<string, string>>): string[] =>
  Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);

/** Runs a program of an image until it exits. @throws with its output when it fails. */
export async function runToEnd(ref: string, env: Readonly<Record<string, string>>, args: string[]): Promise<string> {
  return docker(['run', '--rm', ...confined, ...flags(env), ref, ...args]);
}

/**
 * Starts a program of an image, waits until the URL answers 200, and stops it.
 * @returns milliseconds from the start of its process, as Docker recorded it, to the first 200.
 * @throws with its log when it takes longer than 20 s.
 */
export async function timeToReady(
  ref: string,
  env: Readonly<Record<string, string>>,
  program: string,
  url: string,
): Promise<number> {
  const id = await docker(['run', '--detach', ...confined, ...flags(env), ref, program]);
  try {
    const deadline = Date.now() + 20_000;
    while (!(await answers(url))) {
      if (Date.now() > deadline) throw new Error(`${program} is not ready after 20 s:\n${await docker(['logs', id])}`);
      await delay(10);
    }
    const ready = Date.now();
    const startedAt = await docker(['inspect', '--format', '{{.State.StartedAt}}', id]);
    return ready - Date.parse(startedAt);
  } finally {
    await docker(['rm', '--force', id]);
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    // not listening yet
    return false;
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
