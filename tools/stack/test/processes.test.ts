import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProcessSpec } from '../src/processes/child.ts';
import { untilServing } from '../src/processes/serving.ts';
import { Supervisor } from '../src/processes/supervisor.ts';
import { readRecords, startTimeOf } from '../src/processes/records.ts';

let dir: string;
let supervisor: Supervisor;
let events: string[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homeroom-processes-'));
  events = [];
  supervisor = new Supervisor({
    runDir: join(dir, 'run'),
    logDir: join(dir, 'log'),
    onRestart: ({ name, reason, inMs }) => void events.push(`${name} ${reason} ${inMs}`),
    onRestarted: (name) => void events.push(`${name} back`),
  });
});
afterEach(() => {
  supervisor.killAll();
  rmSync(dir, { recursive: true });
});

/** A child that says its pid once it runs. */
function program(name: string, script: string): ProcessSpec {
  return {
    name,
    command: process.execPath,
    args: ['-e', script],
    ready: (signal) => untilServing(signal, async () => expect(logOf(name)).toContain('ready')),
  };
}
const stays = 'console.log("ready"); setInterval(() => {}, 1000)';
const logOf = (name: string): string => readFileSync(supervisor.logFile(name), 'utf8');
const pidOf = (name: string): number => supervisor.pids().get(name)!;

describe('a child that dies', () => {
  test('starts again, and both are reported', async () => {
    await supervisor.start(program('families-1', stays));
    const first = pidOf('families-1');
    process.kill(first, 'SIGKILL');
    await waitFor('the child to be back', () => events.includes('families-1 back'));
    expect(events).toEqual(['families-1 SIGKILL 250', 'families-1 back']);
    expect(pidOf('families-1')).not.toBe(first);
    expect(readRecords(join(dir, 'run'))).toMatchObject([{ name: 'families-1', pid: pidOf('families-1') }]);
  });

  test('again and again is given longer and longer pauses', async () => {
    await supervisor.start(program('families-1', 'console.log("ready"); setTimeout(() => process.exit(3), 50)'));
    await waitFor('three restarts', () => events.filter((event) => event.includes('exit code 3')).length >= 3);
    expect(events.filter((event) => event.includes('exit code 3')).slice(0, 3)).toEqual([
      'families-1 exit code 3 250',
      'families-1 exit code 3 500',
      'families-1 exit code 3 1000',
    ]);
  });

  test('because it was stopped stays dead', async () => {
    await supervisor.start(program('families-1', stays));
    const pid = pidOf('families-1');
    await supervisor.stop(['families-1']);
    expect(startTimeOf(pid)).toBeUndefined();
    expect(events).toEqual([]);
    expect(readRecords(join(dir, 'run'))).toEqual([]);
  });
});

describe('a child that cannot start', () => {
  test('is reported with the end of its log', async () => {
    const start = supervisor.start(program('families-1', 'console.error("PORT: is missing"); process.exit(78)'));
    await expect(start).rejects.toThrow(/families-1 ended \(exit code 78\).*PORT: is missing/s);
  });

  test('because there is no such program says so', async () => {
    const start = supervisor.start({ ...program('kafka', ''), command: join(dir, 'java') });
    await expect(start).rejects.toThrow('ENOENT');
  });
});

describe('stopping', () => {
  test('kills what does not end in time, and what it had started', async () => {
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      process.on('SIGTERM', () => console.log('no'));
      require('node:fs').writeFileSync(${JSON.stringify(join(dir, 'grandchild'))}, String(child.pid));
      ${stays}`;
    await supervisor.start({ ...program('stubborn', script), stopTimeoutMs: 200 });
    const pids = [pidOf('stubborn'), Number(readFileSync(join(dir, 'grandchild'), 'utf8'))];
    expect(pids.map(startTimeOf)).not.toContain(undefined);
    await supervisor.stop(['stubborn']);
    await waitFor('both to end', () => pids.every((pid) => startTimeOf(pid) === undefined));
    expect(logOf('stubborn')).toContain('no');
  });

  test('refuses what is started meanwhile', async () => {
    supervisor.refuseNew();
    await expect(supervisor.start(program('late', stays))).rejects.toThrow('the stack is stopping');
    expect(existsSync(supervisor.logFile('late'))).toBe(false);
  });
});

describe('reloading', () => {
  test('replaces the child and keeps its log', async () => {
    await supervisor.start(program('families-1', stays));
    const first = pidOf('families-1');
    await supervisor.reload('families-1');
    expect(pidOf('families-1')).not.toBe(first);
    expect(startTimeOf(first)).toBeUndefined();
    expect(events).toEqual([]);
  });
});
