import type { Progress } from '@homeroom/terminal';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../machine/ports.ts';
import type { StackOptions } from '../options/options.ts';
import { portNames, portsOf } from '../options/port-table.ts';
import { endStale, lockOwner } from '../processes/lock.ts';
import { testEnvironment } from './stack-file.ts';
import { startStack } from './stack.ts';

const folder = (checkout: string): string => join(checkout, '.homeroom', 'private');

/** Options for a private stack: free ports, a temporary folder, nothing from the caller's environment. */
export async function privateStack(
  options: StackOptions,
  purpose: string,
  { durable = false }: { durable?: boolean } = {},
): Promise<{ options: StackOptions; remove(): void }> {
  const stateDir = join(folder(options.checkout), `${purpose}-${process.pid}`);
  const ports = portsOf(await freePorts(portNames.length));
  const env = Object.fromEntries(
    Object.entries(options.env).filter(([name]) => ['PATH', 'HOME', 'LANG', 'TMPDIR', 'JAVA_HOME'].includes(name)),
  );
  return {
    options: { ...options, stateDir, ports, env, external: {}, host: '127.0.0.1', seed: false, durable },
    remove: () => rmSync(stateDir, { recursive: true, force: true }),
  };
}

/**
 * Starts engines on free ports, runs `work` with the environment that @homeroom/testing reads, and stops them.
 * @param purpose the name of their folder.
 * @param durable whether Postgres waits for the disk at every commit.
 */
export async function withPrivateEngines<T>(
  options: StackOptions,
  purpose: string,
  progress: Progress,
  signal: AbortSignal,
  work: (env: Record<string, string>) => Promise<T>,
  { durable = false }: { durable?: boolean } = {},
): Promise<T> {
  const own = await privateStack(options, purpose, { durable });
  const engines = await startStack(own.options, progress, { enginesOnly: true, signal });
  try {
    return await work(testEnvironment(engines.description));
  } finally {
    await engines.stop();
    own.remove();
  }
}

const YOUNG_MS = 60_000;

/** Ends and removes the private stacks of commands that were killed. */
export async function removeAbandoned(checkout: string): Promise<void> {
  if (!existsSync(folder(checkout))) return;
  for (const name of readdirSync(folder(checkout))) {
    const stateDir = join(folder(checkout), name);
    // a stack that is just starting has no lock yet, and one that ends removes its folder itself
    const changedAt = statSync(stateDir, { throwIfNoEntry: false })?.mtimeMs;
    const isYoung = changedAt === undefined || Date.now() - changedAt < YOUNG_MS;
    if (isYoung || lockOwner(stateDir) !== undefined) continue;
    await endStale(stateDir);
    rmSync(stateDir, { recursive: true, force: true });
  }
}
