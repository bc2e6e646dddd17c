import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait-for.ts';

export interface ProgramOptions {
  /** Its whole environment, but for `PATH`. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input. */
  readonly input?: string;
  /** It is killed after this. Nothing limits it if not given. */
  readonly timeoutMs?: number;
}

/** A line of a JSON log. */
export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly address?: string;
  readonly port?: number;
  readonly group?: string;
}

/** What a program printed, and how it ended: `code` is null when a signal ended it. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export type Program = ReturnType<typeof startProgram>;

/** The compiled code of the sources and packages, as `npm start` keeps it: halves the time that a start takes. */
const compileCache = fileURLToPath(new URL('../../../.homeroom/compile-cache', import.meta.url));

/** A start takes half a second alone, and half a minute beside other tests. */
const logTimeoutMs = 45_000;

/**
 * Starts a TypeScript file, such as a service's `src/worker.ts`, as a process of its own on this Node. Stop it in `finally`.
 * @example
 * const worker = startProgram(new URL('../src/worker.ts', import.meta.url), { env });
 * await worker.logged('running');
 * expect(await worker.stop()).toBe(0);
 */
export function startProgram(
  file: URL | string,
  { args = [], env = {}, input = '', timeoutMs }: ProgramOptions & { args?: readonly string[] } = {},
) {
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', path, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...env },
    killSignal: 'SIGKILL',
    ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
  });
  const log: LogLine[] = [];
  let [out, err, hasEnded] = ['', '', false];
  createInterface(child.stdout).on('line', (line) => line.startsWith('{"') && log.push(JSON.parse(line) as LogLine));
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  // a program that reads nothing may end first
  child.stdin.on('error', () => undefined).end(input);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      hasEnded = true;
      resolve({ code, out, err });
    });
  });
  return {
    /** The JSON lines that it has printed so far. */
    log,
    /** The lines of level error and fatal. */
    errors: (): LogLine[] => log.filter(({ level }) => level === 'error' || level === 'fatal'),
    /**
     * Waits for a log line. @param match its message, or what a line must be like.
     * @throws with all that it printed, when the program has ended without that line.
     */
    async logged(match: string | ((line: LogLine) => boolean)): Promise<LogLine> {
      const matches = typeof match === 'string' ? ({ msg }: LogLine) => msg === match : match;
      const found = await waitFor(`${String(match)} in the log`, () => log.find(matches) ?? (hasEnded && 'ended'), {
        timeoutMs: logTimeoutMs,
      });
      if (found === 'ended') throw new Error(`${path} ended with ${String(child.exitCode)}:\n${out}${err}`);
      return found;
    },
    ended,
    /** Ends it. @returns its exit code. */
    async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
      child.kill(signal);
      return (await ended).code;
    },
  };
}

/** Runs a program, such as a service's command, to its end. */
export const runProgram = (
  file: URL | string,
  args: readonly string[] = [],
  options: ProgramOptions = {},
): Promise<Ended> => startProgram(file, { args, ...options }).ended;

/**
 * Runs a program in this environment.
 * @returns what it printed.
 * @throws with everything that it printed, when it ends with another status than 0 or is not done after `timeoutMs`.
 */
export async function outputOf(
  file: string,
  args: readonly string[],
  { env = {}, timeoutMs }: { env?: Readonly<Record<string, string>>; timeoutMs: number },
): Promise<string> {
  const inherited = { ...process.env, NODE_OPTIONS: '', ...env } as Record<string, string>;
  const { code, out, err } = await runProgram(file, args, { env: inherited, timeoutMs });
  if (code === 0) return out;
  throw new Error(`${file} ended with ${String(code)} (limit ${timeoutMs} ms)\n${out}${err}`);
}
