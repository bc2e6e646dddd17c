import { table } from '@homeroom/terminal';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const checkout = join(import.meta.dirname, '../../..');
/** Where the files of a run are written. */
export const work = join(checkout, '.homeroom', 'e2e');

const execute = promisify(execFile);

/** Runs a program; resolves to its output. @throws {Error} with the end of what it wrote when it exits with an error. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  try {
    const options = { env: { ...process.env, ...env }, maxBuffer: 256 * 1024 * 1024 };
    return (await execute(command, args, options)).stdout;
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (typeof code === 'string') throw error;
    throw failed(command, args, code, `:\n${`${stdout}\n${stderr}`.trim().slice(-4000)}`);
  }
}

/** The same for a program whose output a reader wants to follow. */
export async function runShown(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw failed(command, args, code);
}

const failed = (command: string, args: readonly string[], code: unknown, output = ''): Error =>
  new Error(`${command} ${args.join(' ')} exited with ${String(code)}${output}`);

/** @throws {Error} when what was found is not what was expected. */
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

  /** Something that this cluster cannot show, and why: neither passed nor failed. */
  leaveOut(name: string, why: string): void {
    this.#rows.push({ name, seconds: 0, what: 'left out' });
    console.log(`… ${name}: left out, because ${why}`);
  }

  table(): string {
    const rows = this.#rows.map(({ name, seconds, what }) => [name, what, `${seconds.toFixed(1)} s`]);
    const count = (wanted: string): number => this.#rows.filter(({ what }) => what === wanted).length;
    return `${table(rows, { numbers: true })}\n\n${count('passed')} passed, ${count('failed')} failed`;
  }
}
