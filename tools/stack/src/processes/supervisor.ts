import { pause } from '@homeroom/resilience';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { endChild, spawnChild, untilReady, type Child, type ProcessSpec } from './child.ts';
import { removeRecord, signalGroup } from './records.ts';

export interface SupervisorOptions {
  /** Where the pid and start time of every child are recorded while it lives. */
  runDir: string;
  logDir: string;
  onRestart?: (event: { name: string; reason: string; inMs: number }) => void;
  onRestarted?: (name: string) => void;
}

const FIRST_RESTART_MS = 250;
const LAST_RESTART_MS = 15_000;
/** A child that lived this long restarts after the shortest pause. */
const HEALTHY_AFTER_MS = 30_000;
const READY_TIMEOUT_MS = 60_000;

/** Starts children, restarts those that die, and ends all of them. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, Child>();
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

  /** Replaces a child by a new one of the same kind. */
  async reload(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined || this.#refusing) return;
    this.#failures.delete(name);
    await this.stop([name]);
    await this.#begin(child.spec);
  }

  /** Ends the named children, all at once. */
  async stop(names: readonly string[]): Promise<void> {
    for (const name of names) this.#stopping.add(name);
    const children = names.flatMap((name) => this.#children.get(name) ?? []);
    await Promise.all(
      children.map(async (child) => {
        await endChild(child);
        if (this.#children.get(child.spec.name) === child) this.#children.delete(child.spec.name);
        removeRecord(this.#options.runDir, child.spec.name);
      }),
    );
  }

  /** From now on nothing is started or restarted. */
  refuseNew(): void {
    this.#refusing = true;
    for (const name of this.#children.keys()) this.#stopping.add(name);
  }

  pids(): Map<string, number> {
    return new Map([...this.#children].map(([name, { process: child }]) => [name, child.pid ?? 0]));
  }

  names(): string[] {
    return [...this.#children.keys()];
  }

  logFile(name: string): string {
    return join(this.#options.logDir, `${name}.log`);
  }

  /** Kills every group: the last resort, synchronous so that it works in an exit handler. */
  killAll(): void {
    this.refuseNew();
    this.#abort.abort();
    for (const { spec, process: child } of this.#children.values()) {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      removeRecord(this.#options.runDir, spec.name);
    }
  }

  async #begin(spec: ProcessSpec): Promise<void> {
    if (this.#refusing) throw new Error(`${spec.name} is not started: the stack is stopping`);
    this.#stopping.delete(spec.name);
    const child = this.#spawn(spec);
    await this.#untilReady(child);
    this.#watch(child);
  }

  #spawn(spec: ProcessSpec): Child {
    const child = spawnChild(spec, this.logFile(spec.name), this.#options.runDir);
    this.#children.set(spec.name, child);
    return child;
  }

  #untilReady(child: Child): Promise<void> {
    const logFile = this.logFile(child.spec.name);
    return untilReady(child, { logFile, timeoutMs: READY_TIMEOUT_MS, signal: this.#abort.signal });
  }

  #isCurrent(child: Child): boolean {
    return this.#children.get(child.spec.name) === child && !this.#stopping.has(child.spec.name);
  }

  #watch(child: Child): void {
    void child.exited.then(async (reason) => {
      if (child.process.pid !== undefined) signalGroup(child.process.pid, 'SIGKILL');
      if (!this.#isCurrent(child)) return;
      if (Date.now() - child.bornAt > HEALTHY_AFTER_MS) this.#failures.delete(child.spec.name);
      await this.#restart(child, reason);
    });
  }

  async #restart(dead: Child, reason: string): Promise<void> {
    const { name } = dead.spec;
    const failures = this.#failures.get(name) ?? 0;
    this.#failures.set(name, failures + 1);
    const inMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** failures);
    this.#options.onRestart?.({ name, reason, inMs });
    await pause(inMs, this.#abort.signal, { ref: false });
    // it may have been stopped or reloaded meanwhile
    if (!this.#isCurrent(dead)) return;
    const child = this.#spawn(dead.spec);
    this.#watch(child);
    const [outcome] = await Promise.allSettled([this.#untilReady(child)]);
    if (outcome.status === 'fulfilled') this.#options.onRestarted?.(name);
    // #watch sees an exit; a child that hangs without serving is killed so that #watch sees it too
    else if (child.process.pid !== undefined) signalGroup(child.process.pid, 'SIGKILL');
  }
}
