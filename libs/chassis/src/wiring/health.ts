import { once } from 'node:events';

/** Throws when the dependency is unavailable; must stop when the signal aborts. */
export type Probe = (signal: AbortSignal) => Promise<unknown>;

export interface CheckOptions {
  /** Failures in a row until it counts as down. */
  readonly failAfter?: number;
  /** Successes in a row until it counts as up again. The very first success counts at once. */
  readonly recoverAfter?: number;
  readonly everyMs?: number;
  /** Counts only time in which this process ran: while it has no CPU, no dependency is late. */
  readonly timeoutMs?: number;
  /** Only critical checks make the process not ready; the others are reported. */
  readonly critical?: boolean;
}

const ticksOfDeadline = 10;

interface Check {
  readonly probe: Probe;
  readonly options: Required<CheckOptions>;
  state: 'unknown' | 'up' | 'down';
  streak: number;
  reason: string | undefined;
  /** Ends the probe under way. */
  asking: AbortController | undefined;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Answers the probes of Kubernetes and the load balancer. Dependencies are checked in the background and with hysteresis, so
 * that a probe costs nothing and one lost packet does not empty the balancer.
 */
export class Health {
  readonly #checks = new Map<string, Check>();
  readonly #alive = new Map<string, () => boolean>();
  #started = false;
  #draining = false;
  #stopped = false;

  /** Watches a dependency from now on, until `stop`. */
  check(
    name: string,
    probe: Probe,
    { failAfter = 3, recoverAfter = 2, everyMs = 2_000, timeoutMs = 3_000, critical = true }: CheckOptions = {},
  ): void {
    if (this.#checks.has(name)) throw new Error(`a health check is already called "${name}"`);
    const check: Check = {
      probe,
      options: { failAfter, recoverAfter, everyMs, timeoutMs, critical },
      state: 'unknown',
      streak: 0,
      reason: undefined,
      asking: undefined,
      timer: undefined,
    };
    this.#checks.set(name, check);
    void this.#watch(check);
  }

  /**
   * A condition of liveness, checked at every probe: whether the process's loop still makes progress. Never a dependency: a
   * restart does not fix one.
   */
  alive(name: string, isAlive: () => boolean): void {
    this.#alive.set(name, isAlive);
  }

  live(): boolean {
    for (const isAlive of this.#alive.values()) if (!isAlive()) return false;
    return true;
  }

  /** The process has finished starting. */
  markStarted(): void {
    this.#started = true;
  }

  /** Not ready from now on: the process is shutting down. */
  drain(): void {
    this.#draining = true;
  }

  ready(): boolean {
    if (!this.#started || this.#draining) return false;
    for (const { state, options } of this.#checks.values()) if (options.critical && state !== 'up') return false;
    return true;
  }

  started(): boolean {
    return this.#started;
  }

  report() {
    return {
      live: this.live(),
      ready: this.ready(),
      started: this.#started,
      draining: this.#draining,
      checks: Object.fromEntries(
        [...this.#checks].map(([name, { state, options, reason }]) => [
          name,
          { state, critical: options.critical, ...(state === 'up' || reason === undefined ? {} : { reason }) },
        ]),
      ),
    };
  }

  /** The answer to a probe; undefined for any other path. */
  answer(path: string): { status: 200 | 503; body: string } | undefined {
    const good = probes[path]?.(this);
    return good === undefined ? undefined : { status: good ? 200 : 503, body: JSON.stringify(this.report()) };
  }

  /** Ends the watching. */
  stop(): void {
    this.#stopped = true;
    for (const { asking, timer } of this.#checks.values()) {
      asking?.abort();
      clearTimeout(timer);
    }
  }

  async #watch(check: Check): Promise<void> {
    const { timeoutMs, everyMs } = check.options;
    check.asking = new AbortController();
    const clear = abortAfterRunning(timeoutMs, check.asking);
    const failure = await ask(check.probe, check.asking.signal);
    clear();
    if (this.#stopped) return;
    note(check, failure);
    check.timer = setTimeout(() => void this.#watch(check), everyMs);
    check.timer.unref();
  }
}

const probes: Readonly<Record<string, (health: Health) => boolean>> = {
  '/health/live': (health) => health.live(),
  '/health/ready': (health) => health.ready(),
  '/health/startup': (health) => health.started(),
};

export const healthPaths = Object.keys(probes);

/**
 * Aborts after `ms` in which the event loop ran; returns what clears its timer. `AbortSignal.timeout` counts all time: on a
 * starved machine it fires before an answer that waits in the socket is read, and a good dependency is reported down.
 */
function abortAfterRunning(ms: number, controller: AbortController): () => void {
  let ticks = 0;
  // however long the loop stood still, that is one tick
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks < ticksOfDeadline) return;
    clearInterval(timer);
    // timers come before sockets in a turn of the loop
    setImmediate(() => controller.abort());
  }, ms / ticksOfDeadline);
  timer.unref();
  return () => clearInterval(timer);
}

/** @returns why the probe failed, or nothing. A probe that ignores its signal is not waited for. */
async function ask(probe: Probe, signal: AbortSignal): Promise<string | undefined> {
  const aborted = once(signal, 'abort').then(() => {
    throw new Error('no answer in time');
  });
  try {
    await Promise.race([probe(signal), aborted]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function note(check: Check, failure: string | undefined): void {
  const heading = failure === undefined ? 'up' : 'down';
  check.reason = failure;
  if (check.state === heading) {
    check.streak = 0;
    return;
  }
  check.streak += 1;
  const { failAfter, recoverAfter } = check.options;
  const needed = heading === 'down' ? failAfter : check.state === 'unknown' ? 1 : recoverAfter;
  if (check.streak < needed) return;
  check.state = heading;
  check.streak = 0;
}
