import { readdirSync, readFileSync } from 'node:fs';

/** A process with all that descend from it, and what they hold of the machine's memory. Linux only. */
export interface Footprint {
  pids: number[];
  /** Proportional: a page that four processes share counts a quarter for each. */
  pssBytes: number;
}

/** Adds up a process and all that descend from it. */
export function footprintOf(root: number): Footprint {
  const children = Map.groupBy(readProcesses(), ({ parent }) => parent);
  const pids: number[] = [];
  const visit = (pid: number): void => {
    pids.push(pid);
    for (const child of children.get(pid) ?? []) visit(child.pid);
  };
  visit(root);
  return { pids, pssBytes: pids.reduce((sum, pid) => sum + pssOf(pid), 0) };
}

function readProcesses(): { pid: number; parent: number }[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => {
      const stat = readUnlessGone(`/proc/${entry}/stat`);
      return { pid: Number(entry), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) };
    });
}

function pssOf(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readUnlessGone(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
}

function readUnlessGone(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
