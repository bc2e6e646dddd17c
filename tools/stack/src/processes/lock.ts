import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PlainError } from '../terminal/errors.ts';
import { isAlive, readRecords, removeRecord, signalGroup, startTimeOf, type ProcessRecord } from './records.ts';

const LOCK = 'stack.lock';

/** Another stack of this checkout is running. */
export class AlreadyRunningError extends PlainError {
  override name = 'AlreadyRunningError';
  readonly owner: ProcessRecord;

  constructor(owner: ProcessRecord) {
    super(`this checkout's stack is already running, as pid ${owner.pid}`);
    this.owner = owner;
  }
}

/**
 * Locks the state folder for this process, and ends what a killed stack left behind.
 * @returns the names of the processes that were ended.
 * @throws {AlreadyRunningError} when another stack is running.
 */
export async function takeState(stateDir: string): Promise<string[]> {
  mkdirSync(stateDir, { recursive: true });
  const owner = lockOwner(stateDir);
  if (owner !== undefined) throw new AlreadyRunningError(owner);
  rmSync(join(stateDir, LOCK), { force: true });
  const me: ProcessRecord = {
    name: 'stack',
    pid: process.pid,
    startedAt: startTimeOf(process.pid)!,
    command: process.argv.join(' '),
  };
  // of two that start at once, only one can create the link, and nobody reads a partial file
  const draft = join(stateDir, `${LOCK}.${process.pid}`);
  writeFileSync(draft, JSON.stringify(me));
  linkSync(draft, join(stateDir, LOCK));
  rmSync(draft);
  return endStale(stateDir);
}

export function releaseState(stateDir: string): void {
  rmSync(join(stateDir, LOCK), { force: true });
}

/** The running stack that holds the folder. */
export function lockOwner(stateDir: string): ProcessRecord | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(stateDir, LOCK), 'utf8')) as ProcessRecord;
    return isAlive(owner) ? owner : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Ends the recorded children that still run: gracefully for up to 3 s, then by force. */
export async function endStale(stateDir: string): Promise<string[]> {
  const runDir = join(stateDir, 'run');
  if (!existsSync(runDir)) return [];
  const stale = readRecords(runDir).filter(isAlive);
  for (const record of stale) process.kill(record.pid, record.name.startsWith('postgres') ? 'SIGINT' : 'SIGTERM');
  const deadline = Date.now() + 3000;
  while (Date.now() < deadline && stale.some(isAlive)) await delay(25);
  // a process that it started may have outlived it
  for (const record of stale) signalGroup(record.pid, 'SIGKILL');
  while (stale.some(isAlive)) await delay(10);
  for (const { name } of readRecords(runDir)) removeRecord(runDir, name);
  return stale.map(({ name }) => name);
}
