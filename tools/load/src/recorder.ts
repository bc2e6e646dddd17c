export interface Report {
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Failed requests by what went wrong: `status 503`, `timeout`, `ECONNREFUSED`, `session lost`, … */
  readonly failures: Readonly<Record<string, number>>;
  /** Sent again, as browsers do, because a kept connection had just been closed. */
  readonly resent: number;
  readonly seconds: number;
  /** From the scheduled arrival to the end of the response, or of waiting for it. */
  readonly latencyMs: Readonly<Record<'p50' | 'p90' | 'p95' | 'p99' | 'max', number>>;
  /** Responses by pod, if a header names it. */
  readonly pods: Readonly<Record<string, number>>;
  /** What was confirmed and is missing; absent when the scenario does not check. */
  readonly lost?: number;
  /** What was confirmed and could not be checked; absent when the scenario does not check. */
  readonly unknown?: number;
}

export interface Outcome {
  /** Absent when the request succeeded. */
  failure?: string | undefined;
  /** How long the user waited, failures included; percentiles without them would look best in an outage. */
  latencyMs?: number | undefined;
  pod?: string | undefined;
}

/** Records the outcome of every arrival. */
export class Recorder {
  scheduled = 0;
  resent = 0;
  readonly #latencies: number[] = [];
  readonly #failures = new Map<string, number>();
  readonly #pods = new Map<string, number>();
  #ok = 0;
  #unsent = 0;

  done({ failure, latencyMs, pod }: Outcome): void {
    if (failure === undefined) this.#ok += 1;
    else this.#failures.set(failure, (this.#failures.get(failure) ?? 0) + 1);
    if (latencyMs !== undefined) this.#latencies.push(latencyMs);
    if (pod !== undefined) this.#pods.set(pod, (this.#pods.get(pod) ?? 0) + 1);
  }

  /** An arrival that was not sent would have waited at least `latencyMs`. */
  notSent(why: string, latencyMs: number): void {
    this.#unsent += 1;
    this.done({ failure: why, latencyMs });
  }

  report(seconds: number): Report {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number): number => percentile(sorted, share);
    return {
      scheduled: this.scheduled,
      sent: this.scheduled - this.#unsent,
      ok: this.#ok,
      failed: [...this.#failures.values()].reduce((sum, n) => sum + n, 0),
      failures: Object.fromEntries(this.#failures),
      resent: this.resent,
      seconds,
      latencyMs: { p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), max: at(1) },
      pods: Object.fromEntries([...this.#pods].sort()),
    };
  }
}

/** The nearest-rank percentile; 0 without values. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
