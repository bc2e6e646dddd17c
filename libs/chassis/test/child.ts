import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { waitFor } from '@homeroom/testing';

const scratch = new URL('../.homeroom/', import.meta.url).pathname;

/** A process of ours, as the stack starts it: a TypeScript file on the Node that runs the tests. */
export interface Child {
  readonly process: ChildProcess;
  /** Its log so far, parsed. */
  lines(): Record<string, unknown>[];
  stderr(): string;
  /** Waits for the line with this message. */
  line(msg: string): Promise<Record<string, unknown>>;
  /** Waits for the end. @returns the exit code, or the signal. */
  ended: Promise<number | string>;
}

/**
 * Runs a program of one file.
 * @param code its text; `@homeroom/…` can be imported.
 */
export async function startChild(code: string, env: Record<string, string> = {}): Promise<Child> {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(scratch, { recursive: true });
  const folder = await mkdtemp(join(scratch, 'child-'));
  const file = join(folder, 'main.ts');
  await writeFile(file, code);
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', file], {
    env: { PATH: process.env['PATH'], PORT: '0', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = new Promise<number | string>((resolve) => {
    child.on('close', (status, signal) => resolve(status ?? signal ?? ''));
  });
  void ended.then(() => rm(folder, { recursive: true }));
  const lines = (): Record<string, unknown>[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    process: child,
    lines,
    stderr: () => complaints,
    line: (msg) =>
      waitFor(`“${msg}” in the log`, () => {
        if (child.exitCode !== null) throw new Error(`it has ended: ${output}${complaints}`);
        return lines().find((line) => line['msg'] === msg);
      }),
    ended,
  };
}
