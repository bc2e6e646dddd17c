import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One child in `.homeroom/run/<name>.json`. With its start time, a pid that was reused is not mistaken for it. */
export interface ProcessRecord {
  name: string;
  pid: number;
  startedAt: string;
  command: string;
}

/** When the process `pid` started, in the system's own unit; undefined when no such process lives. */
export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // the second field is the command in brackets and may hold spaces and brackets itself
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const [state, startTicks] = [fields[0], fields[19]];
      return state === 'Z' ? undefined : startTicks;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ESRCH')
        return undefined;
      throw error;
    }
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return started === '' ? undefined : started;
  } catch {
    // ps exits 1 when there is no such process
    return undefined;
  }
}

/** Whether the recorded process still lives. */
export function isAlive(record: ProcessRecord): boolean {
  return startTimeOf(record.pid) === record.startedAt;
}

export function writeRecord(runDir: string, record: ProcessRecord): void {
  writeFileSync(join(runDir, `${record.name}.json`), `${JSON.stringify(record)}\n`);
}

export function removeRecord(runDir: string, name: string): void {
  rmSync(join(runDir, `${name}.json`), { force: true });
}

export function readRecords(runDir: string): ProcessRecord[] {
  return readdirSync(runDir)
    .filter((file) => file.endsWith('.json'))
    .map((file) => JSON.parse(readFileSync(join(runDir, file), 'utf8')) as ProcessRecord);
}

/** Sends a signal to a whole process group, if it still exists. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
