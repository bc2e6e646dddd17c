import { joinSignals, pause } from '@homeroom/resilience';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, createWriteStream, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PlainError } from '../terminal/errors.ts';
import { signalGroup, startTimeOf, writeRecord } from './records.ts';

/** How to run one child. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  user?: { uid: number; gid: number } | undefined;
  /** The signal that asks for a graceful end; after `stopTimeoutMs` the whole group is killed. */
  stopSignal?: NodeJS.Signals;
  stopTimeoutMs?: number;
  /** The last, urgent request before the group is killed. */
  lastSignal?: NodeJS.Signals;
  /** Resolves once the child serves; called again after each restart. */
  ready?: (signal: AbortSignal) => Promise<void>;
  /** Receives what the child writes, in addition to its log file. */
  output?: (chunk: Buffer) => void;
}

export interface Child {
  spec: ProcessSpec;
  process: ChildProcess;
  /** Resolves to how it ended. */
  exited: Promise<string>;
  bornAt: number;
}

/** Starts a child in its own process group, and records its pid while it lives. */
export function spawnChild(spec: ProcessSpec, logFile: string, runDir: string): Child {
  const log = openSync(logFile, 'a');
  const target = spec.output === undefined ? log : 'pipe';
  const child = spawn(spec.command, spec.args, {
    cwd: spec.cwd,
    env: spec.env ?? process.env,
    stdio: ['ignore', target, target],
    detached: true,
    ...spec.user,
  });
  if (spec.output === undefined) closeSync(log);
  else tee(child, createWriteStream('', { fd: log }), spec.output);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? '?'}`));
  });
  const startedAt = child.pid === undefined ? undefined : startTimeOf(child.pid);
  if (child.pid !== undefined && startedAt !== undefined) {
    const command = [spec.command, ...spec.args].join(' ');
    writeRecord(runDir, { name: spec.name, pid: child.pid, startedAt, command });
  }
  return { spec, process: child, exited, bornAt: Date.now() };
}

/** Waits until the child serves. @throws {PlainError} with the end of its log when it ends or takes too long. */
export async function untilReady(
  { spec, exited }: Child,
  { logFile, timeoutMs, signal }: { logFile: string; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  if (spec.ready === undefined) return;
  const done = new AbortController();
  using joined = joinSignals(done.signal, signal);
  try {
    const outcome = await Promise.race([
      spec.ready(joined.signal).then(() => 'ready'),
      exited.then((reason) => `ended (${reason})`),
      pause(timeoutMs, done.signal, { ref: false }).then(() => `was not ready within ${timeoutMs / 1000} s`),
    ]);
    if (outcome !== 'ready') throw new PlainError(`${spec.name} ${outcome}. The end of ${logFile}:\n${tail(logFile)}`);
  } finally {
    done.abort();
  }
}

/** Asks a child to end, and kills its group if it does not by its deadline. */
export async function endChild({ spec, process: child, exited }: Child): Promise<void> {
  if (child.pid === undefined) return;
  const exitedWithin = (ms: number): Promise<unknown> => Promise.race([exited, delay(ms, undefined, { ref: false })]);
  if (child.exitCode === null && child.signalCode === null) child.kill(spec.stopSignal ?? 'SIGTERM');
  await exitedWithin(spec.stopTimeoutMs ?? 4000);
  if (spec.lastSignal !== undefined && child.kill(spec.lastSignal)) await exitedWithin(300);
  signalGroup(child.pid, 'SIGKILL');
  await exited;
}

function tee(from: ChildProcess, file: NodeJS.WritableStream, output: (chunk: Buffer) => void): void {
  for (const stream of [from.stdout, from.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      file.write(chunk);
      output(chunk);
    });
  }
  from.once('close', () => file.end());
}

function tail(file: string, lines = 15): string {
  if (!existsSync(file)) return '(nothing was written)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}
