import { joinSignals } from '@homeroom/resilience';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, createWriteStream, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../pause.ts';
import { PlainError } from '../terminal/errors.ts';
import { removeRecord, signalGroup, startTimeOf, writeRecord } from './records.ts';

/** What the stack must know to run one child. */
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
  /** Asks once more, urgently, before the group is killed. */
  lastSignal?: NodeJS.Signals;
  /** Resolves once the child serves; is asked again after each restart. */
  ready?: (signal: AbortSignal) => Promise<void>;
  /** Sees what the child writes, beside its log file. */
  output?: (chunk: Buffer) => void;
}

export interface SupervisorOptions {
  /** Where the pid and start time of every child is recorded while it lives. */
  runDir: string;
  logDir: string;
  onRestart?: (event: { name: string; reason: string; inMs: number }) => void;
  onRestarted?: (name: string) => void;
  readyTimeoutMs?: number;
}

interface Running {
  spec: ProcessSpec;
  child: ChildProcess;
  /** Resolves to how it ended. */
  exited: Promise<string>;
  bornAt: number;
}

const FIRST_RESTART_MS = 250;
const LAST_RESTART_MS = 15_000;
/** Who lived so long starts again with the shortest pause. */
const HEALTHY_AFTER_MS = 30_000;

/** Starts children in process groups of their own, restarts what dies, and ends all of it. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<string, Running>();
  readonly #failures = new Map<string, number>();
  readonly #stopping = new Set<string>();
  readonly #abort = new AbortController();
  #refusing = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.runDir, { recursive: true });
    mkdirSync(options.logDir, { recursive: true });
  }

  /** Starts one child and resolves when it is ready; rejects with the end of its log when it is not. */
  async start(spec: ProcessSpec): Promise<void> {
    const log = this.logFile(spec.name);
    if (existsSync(log)) renameSync(log, `${log}.1`);
    await this.#begin(spec);
  }

  /** Replaces a child by a new one of the same kind: for a save that changed its sources. */
  async reload(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running === undefined || this.#refusing) return;
    this.#failures.delete(name);
    await this.#stopOne(name);
    await this.#begin(running.spec);
  }

  /** Asks the named children to end, all at once, and kills the group of each that has not by its deadline. */
  async stop(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#stopOne(name)));
  }

  /** From now on nothing is started or restarted: everything is about to end. */
  refuseNew(): void {
    this.#refusing = true;
    for (const name of this.#running.keys()) this.#stopping.add(name);
  }

  pids(): Map<string, number> {
    return new Map([...this.#running].map(([name, { child }]) => [name, child.pid ?? 0]));
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  logFile(name: string): string {
    return join(this.#options.logDir, `${name}.log`);
  }

  /** Kills every group without asking: the last resort, synchronous so that it works in an exit handler. */
  killAll(): void {
    this.refuseNew();
    this.#abort.abort();
    for (const { spec, child } of this.#running.values()) {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      removeRecord(this.#options.runDir, spec.name);
    }
  }

  async #begin(spec: ProcessSpec): Promise<void> {
    if (this.#refusing) throw new Error(`${spec.name} is not started: the stack is stopping`);
    this.#stopping.delete(spec.name);
    const running = this.#spawn(spec);
    await this.#untilReady(running);
    this.#watch(running);
  }

  #spawn(spec: ProcessSpec): Running {
    const log = openSync(this.logFile(spec.name), 'a');
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
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code ?? '?'}` : signal));
    });
    const running = { spec, child, exited, bornAt: Date.now() };
    this.#running.set(spec.name, running);
    const startedAt = child.pid === undefined ? undefined : startTimeOf(child.pid);
    if (child.pid !== undefined && startedAt !== undefined) {
      const command = [spec.command, ...spec.args].join(' ');
      writeRecord(this.#options.runDir, { name: spec.name, pid: child.pid, startedAt, command });
    }
    return running;
  }

  async #untilReady({ spec, exited }: Running): Promise<void> {
    if (spec.ready === undefined) return;
    const timeoutMs = this.#options.readyTimeoutMs ?? 60_000;
    const giveUp = new AbortController();
    using joined = joinSignals(giveUp.signal, this.#abort.signal);
    try {
      const outcome = await Promise.race([
        spec.ready(joined.signal).then(() => 'ready'),
        exited.then((reason) => `ended (${reason})`),
        pause(timeoutMs, giveUp.signal).then(() => `was not ready within ${timeoutMs / 1000} s`),
      ]);
      if (outcome === 'ready') return;
      const log = this.logFile(spec.name);
      throw new PlainError(`${spec.name} ${outcome}. The end of ${log}:\n${tail(log)}`);
    } finally {
      giveUp.abort();
    }
  }

  #watch(running: Running): void {
    const { spec, child } = running;
    void running.exited.then(async (reason) => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      if (this.#running.get(spec.name) !== running || this.#stopping.has(spec.name)) return;
      if (Date.now() - running.bornAt > HEALTHY_AFTER_MS) this.#failures.delete(spec.name);
      await this.#restart(running, reason);
    });
  }

  async #restart(dead: Running, reason: string): Promise<void> {
    const { spec } = dead;
    const failures = this.#failures.get(spec.name) ?? 0;
    this.#failures.set(spec.name, failures + 1);
    const inMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** failures);
    this.#options.onRestart?.({ name: spec.name, reason, inMs });
    await pause(inMs, this.#abort.signal);
    // it may have been stopped or reloaded meanwhile
    if (this.#running.get(spec.name) !== dead || this.#stopping.has(spec.name)) return;
    const running = this.#spawn(spec);
    this.#watch(running);
    const [outcome] = await Promise.allSettled([this.#untilReady(running)]);
    if (outcome.status === 'fulfilled') this.#options.onRestarted?.(spec.name);
    // an exit is seen by #watch; one that hangs without serving is ended so that #watch sees it too
    else if (running.child.pid !== undefined) signalGroup(running.child.pid, 'SIGKILL');
  }

  async #stopOne(name: string): Promise<void> {
    this.#stopping.add(name);
    const running = this.#running.get(name);
    if (running === undefined) return;
    const { spec, exited } = running;
    const { pid } = running.child;
    if (pid !== undefined) {
      if (running.child.exitCode === null && running.child.signalCode === null)
        running.child.kill(spec.stopSignal ?? 'SIGTERM');
      await Promise.race([exited, pause(spec.stopTimeoutMs ?? 4000)]);
      if (spec.lastSignal !== undefined && running.child.kill(spec.lastSignal))
        await Promise.race([exited, pause(300)]);
      signalGroup(pid, 'SIGKILL');
      await exited;
    }
    if (this.#running.get(name) === running) this.#running.delete(name);
    removeRecord(this.#options.runDir, name);
  }
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

/** Asks `probe` until it does not throw. @throws when `signal` says to stop asking. */
export async function untilServing(signal: AbortSignal, probe: () => Promise<void>, everyMs = 50): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const [outcome] = await Promise.allSettled([probe()]);
    if (outcome.status === 'fulfilled') return;
    await pause(everyMs, signal);
  }
}
