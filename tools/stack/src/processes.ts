import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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
  /** Resolves once the child serves; is asked again after each restart. */
  ready?: (signal: AbortSignal) => Promise<void>;
}

export interface Places {
  runDir: string;
  logDir: string;
}

export interface SupervisorOptions extends Places {
  onRestart?: (event: { name: string; reason: string; inMs: number }) => void;
  onRestarted?: (name: string) => void;
  readyTimeoutMs?: number;
}

interface Running {
  spec: ProcessSpec;
  child: ChildProcess;
  exited: Promise<string>;
  bornAt: number;
}

const FIRST_RESTART_MS = 250;
const LAST_RESTART_MS = 15_000;
const HEALTHY_AFTER_MS = 30_000;

/** Starts children in process groups of their own, restarts what dies, and ends all of it. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running = new Map<string, Running>();
  readonly #failures = new Map<string, number>();
  readonly #stopping = new Set<string>();
  readonly #abort = new AbortController();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.runDir, { recursive: true });
    mkdirSync(options.logDir, { recursive: true });
  }

  /** Starts one child and resolves when it is ready; rejects with the tail of its log when it is not. */
  async start(spec: ProcessSpec): Promise<void> {
    this.#stopping.delete(spec.name);
    rotate(this.logFile(spec.name));
    const running = this.#spawn(spec);
    await this.#untilReady(running);
    this.#watch(running);
  }

  /** Asks the named children to end, all at once, and kills the group of each that has not by its deadline. */
  async stop(names: string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#stopOne(name)));
  }

  /** Ends children as if they had crashed: the supervisor restarts them. */
  kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    const running = this.#running.get(name);
    if (running?.child.pid !== undefined) process.kill(running.child.pid, signal);
  }

  pids(): Map<string, number> {
    return new Map([...this.#running].map(([name, { child }]) => [name, child.pid!]));
  }

  names(): string[] {
    return [...this.#running.keys()];
  }

  logFile(name: string): string {
    return join(this.#options.logDir, `${name}.log`);
  }

  /** Kills every group without asking: the last resort, synchronous so that it works in an exit handler. */
  killAll(): void {
    this.#abort.abort();
    for (const { spec, child } of this.#running.values()) {
      this.#stopping.add(spec.name);
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      removeRecord(this.#options.runDir, spec.name);
    }
  }

  #spawn(spec: ProcessSpec): Running {
    const log = openSync(this.logFile(spec.name), 'a');
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env ?? process.env,
      stdio: ['ignore', log, log],
      detached: true,
      ...spec.user,
    });
    closeSync(log);
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
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
    const signal = AbortSignal.any([giveUp.signal, this.#abort.signal]);
    const timeout = delay(timeoutMs, 'timeout' as const, { signal: giveUp.signal, ref: false });
    try {
      const outcome = await Promise.race([spec.ready(signal).then(() => 'ready' as const), exited, timeout]);
      if (outcome === 'ready') return;
      const what = outcome === 'timeout' ? `was not ready within ${timeoutMs / 1000} s` : `ended (${outcome})`;
      throw new Error(`${spec.name} ${what}. The end of ${this.logFile(spec.name)}:\n${tail(this.logFile(spec.name))}`);
    } finally {
      giveUp.abort();
      timeout.catch(() => undefined);
    }
  }

  #watch(running: Running): void {
    const { spec } = running;
    void running.exited.then(async (reason) => {
      if (running.child.pid !== undefined) signalGroup(running.child.pid, 'SIGKILL');
      if (this.#stopping.has(spec.name) || this.#abort.signal.aborted) return;
      if (Date.now() - running.bornAt > HEALTHY_AFTER_MS) this.#failures.delete(spec.name);
      await this.#restart(spec, reason);
    });
  }

  async #restart(spec: ProcessSpec, reason: string): Promise<void> {
    const failures = this.#failures.get(spec.name) ?? 0;
    this.#failures.set(spec.name, failures + 1);
    const inMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** failures);
    this.#options.onRestart?.({ name: spec.name, reason, inMs });
    await delay(inMs, undefined, { signal: this.#abort.signal, ref: false }).catch(() => undefined);
    if (this.#stopping.has(spec.name) || this.#abort.signal.aborted) return;
    const running = this.#spawn(spec);
    this.#watch(running);
    await this.#untilReady(running).then(
      () => this.#options.onRestarted?.(spec.name),
      () => {
        // an exit is seen by #watch; one that hangs without serving is ended so that #watch sees it too
        if (running.child.pid !== undefined) signalGroup(running.child.pid, 'SIGKILL');
      },
    );
  }

  async #stopOne(name: string): Promise<void> {
    this.#stopping.add(name);
    const running = this.#running.get(name);
    if (running === undefined) return;
    const { spec, child, exited } = running;
    if (child.pid !== undefined) {
      const timeout = new AbortController();
      if (child.exitCode === null && child.signalCode === null) child.kill(spec.stopSignal ?? 'SIGTERM');
      await Promise.race([
        exited,
        delay(spec.stopTimeoutMs ?? 4000, undefined, { signal: timeout.signal }).catch(() => undefined),
      ]);
      timeout.abort();
      signalGroup(child.pid, 'SIGKILL');
      await exited;
    }
    this.#running.delete(name);
    removeRecord(this.#options.runDir, name);
  }
}

function rotate(file: string): void {
  if (existsSync(file)) renameSync(file, `${file}.1`);
}

function tail(file: string, lines = 15): string {
  if (!existsSync(file)) return '(nothing was written)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
}

/** Asks `probe` until it does not throw, or until `signal` says to stop. */
export async function untilServing(signal: AbortSignal, probe: () => Promise<void>, everyMs = 50): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await probe();
      return;
    } catch {
      // not yet: that is what is being waited for; the log of the process says why when it never comes
      await delay(everyMs, undefined, { signal });
    }
  }
}
