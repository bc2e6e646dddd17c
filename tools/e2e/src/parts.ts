import { spawn, type StdioOptions } from 'node:child_process';
import { join } from 'node:path';

export const checkout = join(import.meta.dirname, '../../..');
/** Where files of a run may lie. */
export const work = join(checkout, '.homeroom', 'e2e');

/** Runs a program; resolves to what it wrote on stdout. @throws with all that it wrote when it exits with an error. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return spawned(command, args, env, ['ignore', 'pipe', 'pipe']);
}

/** The same for a program whose words a reader wants to follow. */
export function runShown(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return spawned(command, args, env, ['ignore', 'inherit', 'inherit']);
}

function spawned(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdio: StdioOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio, env: { ...process.env, ...env } });
    const said: Buffer[] = [];
    const complained: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => void said.push(part));
    child.stderr?.on('data', (part: Buffer) => void complained.push(part));
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(said).toString();
      const all = `${text}\n${Buffer.concat(complained).toString()}`.trim();
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ${args.join(' ')} exited with ${code}:\n${all.slice(-4000)}`));
    });
  });
}

/** @throws when what was found is not what was expected. */
export function same(what: string, found: string, expected: string): void {
  if (found !== expected) throw new Error(`${what}: “${found}” instead of “${expected}”`);
}

/** The parts of a run with the seconds that each took. */
export class Parts {
  readonly #rows: { name: string; seconds: number; what: 'passed' | 'failed' | 'left out' }[] = [];

  async part<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const row = { name, seconds: 0, what: 'failed' as 'failed' | 'passed' };
    this.#rows.push(row);
    console.log(`… ${name}`);
    try {
      const result = await work();
      row.what = 'passed';
      return result;
    } finally {
      row.seconds = (performance.now() - startedAt) / 1000;
      console.log(`  ${name}: ${row.what}, ${row.seconds.toFixed(1)} s`);
    }
  }

  /** Something this cluster cannot show, and why: it is neither passed nor failed. */
  leaveOut(name: string, why: string): void {
    this.#rows.push({ name, seconds: 0, what: 'left out' });
    console.log(`… ${name}: left out, because ${why}`);
  }

  table(): string {
    const width = Math.max(...this.#rows.map(({ name }) => name.length));
    const rows = this.#rows.map(
      ({ name, seconds, what }) => `  ${name.padEnd(width)}  ${what.padEnd(8)} ${seconds.toFixed(1).padStart(7)} s`,
    );
    const count = (wanted: string): number => this.#rows.filter(({ what }) => what === wanted).length;
    return `${rows.join('\n')}\n\n${count('passed')} passed, ${count('failed')} failed`;
  }
}
