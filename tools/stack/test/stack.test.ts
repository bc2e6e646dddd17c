import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { footprintOf } from './memory.ts';
import { checkout } from '../src/options/options.ts';
import { portNames, portsOf, type Ports } from '../src/options/port-table.ts';
import { portVariable } from '../src/options/port-table.ts';
import { freePorts } from '../src/machine/ports.ts';
import { startTimeOf } from '../src/processes/records.ts';
import { readRunningStack, type StackFile } from '../src/stack/stack-file.ts';

let stateDir: string;
let ports: Ports;
let running: Started | undefined;
beforeAll(async () => {
  stateDir = mkdtempSync(join(tmpdir(), 'homeroom-stack-'));
  ports = portsOf(await freePorts(portNames.length));
});
afterAll(async () => {
  await running?.end();
  rmSync(stateDir, { recursive: true });
});

interface Started {
  pid: number;
  stack: StackFile;
  said(): string;
  /** Ctrl-C; resolves to the exit code. */
  end(): Promise<number | null>;
}

/** What a newcomer types, on free ports. */
async function npmStart(): Promise<Started> {
  const moved = Object.fromEntries(portNames.map((name) => [portVariable(name), String(ports[name])]));
  const child: ChildProcess = spawn(
    process.execPath,
    [join(checkout, 'tools/stack/bootstrap.mjs'), 'start', '--state', stateDir],
    {
      env: { ...process.env, ...moved, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  let exit: { code: number | null } | undefined;
  child.once('exit', (code) => (exit = { code }));
  const stack = await waitFor(
    'the stack to run',
    () => {
      if (exit !== undefined) throw new Error(`npm start ended:\n${text}`);
      return text.includes('Homeroom runs') && readRunningStack(stateDir);
    },
    { timeoutMs: 150_000 },
  );
  running = {
    pid: child.pid!,
    stack,
    said: () => text,
    end: async () => {
      child.kill('SIGINT');
      const { code } = await waitFor('the end', () => exit, { timeoutMs: 20_000 });
      running = undefined;
      return code;
    },
  };
  return running;
}

async function classTitles({ gateway }: StackFile): Promise<string[]> {
  const response = await fetch(`${gateway}/api/classes?limit=5`);
  const { items } = (await response.json()) as { items: { title: string }[] };
  return items.map(({ title }) => title);
}

async function signIn({ gateway }: StackFile, account: { email: string; password: string }): Promise<number> {
  const { email, password } = account;
  const body = JSON.stringify({ email, password });
  const { status } = await fetch(`${gateway}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return status;
}

async function register({ gateway }: StackFile, email: string): Promise<number> {
  const { status } = await fetch(`${gateway}/api/families`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Lind', guardian: { name: 'Sara Lind', email, password: 'correct horse battery' } }),
    signal: AbortSignal.timeout(5_000),
  });
  return status;
}

async function mailsTo({ mail = '' }: StackFile, email: string): Promise<number> {
  const response = await fetch(`${mail}/api/messages?to=${encodeURIComponent(email)}`);
  return ((await response.json()) as { total: number }).total;
}

/** Pauses processes of the stack, as a swapping machine or a lossy network does: they exist but do not respond. */
async function whileFrozen(names: readonly string[], work: () => Promise<void>): Promise<void> {
  const pids = names.map(
    (name) => (JSON.parse(readFileSync(join(stateDir, 'run', `${name}.json`), 'utf8')) as { pid: number }).pid,
  );
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

describe('npm start', () => {
  test('seeds a co-op, restarts what dies, ends all of it, starts again with the same data, and registers families while the rest is stuck', async () => {
    const first = await npmStart();
    expect(first.said()).toContain(`Open         http://127.0.0.1:${ports.gateway}/`);
    const titles = await classTitles(first.stack);
    expect(titles).toHaveLength(5);
    expect(await signIn(first.stack, first.stack.coordinator)).toBe(201);
    expect(await signIn(first.stack, first.stack.guardian)).toBe(201);

    const { pids, pssBytes } = footprintOf(first.pid);
    const lives = new Map(pids.map((pid) => [pid, startTimeOf(pid)]));
    // bootstrap, stack, 9 service processes, gateway, mail, payments, 2 Redis, Kafka, 2 Postgres with theirs
    expect(pids.length).toBeGreaterThanOrEqual(19);
    expect(pssBytes).toBeLessThan(1.5e9);

    const victim = pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('src/worker.ts'))!;
    process.kill(victim, 'SIGKILL');
    await waitFor('the worker to be back', () => /✓ \w+-worker is back/.test(first.said()), { timeoutMs: 30_000 });

    expect(await first.end()).toBe(0);
    // a backend ends a moment after its server
    await waitFor('the end of every process', () => {
      const survivors = pids.filter((pid) => lives.get(pid) !== undefined && startTimeOf(pid) === lives.get(pid));
      expect(survivors).toEqual([]);
      return true;
    });

    const second = await npmStart();
    expect(second.said()).not.toContain('Seeding');
    expect(await classTitles(second.stack)).toEqual(titles);
    expect(second.stack.coordinator).toEqual(first.stack.coordinator);
    expect(await signIn(second.stack, second.stack.guardian)).toBe(201);

    const email = 'registers-in-an-outage@example.org';
    await whileFrozen(['kafka', 'redis-cache', 'mail-catcher'], async () => {
      expect(await register(second.stack, email)).toBe(201);
    });
    await waitFor('the welcome, once everything moves again', async () => (await mailsTo(second.stack, email)) === 1, {
      timeoutMs: 60_000,
    });
    expect(await second.end()).toBe(0);
  }, 400_000);
});
