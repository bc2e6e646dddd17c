import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AlreadyRunningError, lockOwner, releaseState, takeState } from '../src/processes/lock.ts';
import { Supervisor } from '../src/processes/supervisor.ts';
import { isAlive, readRecords, startTimeOf, writeRecord } from '../src/processes/records.ts';

let stateDir: string;
let runDir: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'homeroom-lock-'));
  runDir = join(stateDir, 'run');
  new Supervisor({ runDir, logDir: join(stateDir, 'log') });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(stateDir, { recursive: true });
});

function bystander(): { pid: number; startedAt: string } {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  children.push(child);
  return { pid: child.pid!, startedAt: startTimeOf(child.pid!)! };
}

describe('a stack that was killed', () => {
  test('leaves children that the next start ends', async () => {
    const left = { name: 'enrollment-1', command: 'node', ...bystander() };
    writeRecord(runDir, left);
    expect(await takeState(stateDir)).toEqual(['enrollment-1']);
    expect(isAlive(left)).toBe(false);
    expect(readRecords(runDir)).toEqual([]);
  });

  test('never costs a stranger its life who got the same pid later', async () => {
    const { pid, startedAt } = bystander();
    writeRecord(runDir, { name: 'enrollment-1', command: 'node', pid, startedAt: `${Number(startedAt) - 1}` });
    expect(await takeState(stateDir)).toEqual([]);
    expect(startTimeOf(pid)).toBe(startedAt);
  });

  test('is no obstacle: its lock is taken over', async () => {
    const dead = { name: 'stack', pid: process.pid, startedAt: '1', command: '' };
    writeFileSync(join(stateDir, 'stack.lock'), JSON.stringify(dead));
    await takeState(stateDir);
    expect(lockOwner(stateDir)?.pid).toBe(process.pid);
  });
});

describe('a stack that runs', () => {
  test('is not started twice', async () => {
    await takeState(stateDir);
    await expect(takeState(stateDir)).rejects.toThrow(AlreadyRunningError);
    releaseState(stateDir);
    await takeState(stateDir);
  });
});
