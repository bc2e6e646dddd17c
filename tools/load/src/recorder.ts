export interface Report {
  readonly scheduled: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** Failed requests by what went wrong: `status 503`, `timeout`, `ECONNREFUSED`, `session lost`, … */
  readonly failures: Readonly<Record<string, number>>;
  /** Sent again, as browsers do, because a connection kept from an earlier request had just been closed. */
  readonly resent: number;
  readonly seconds: number;
  /** From the scheduled arrival to the end of the answer, or of waiting in vain; see `Outcome`. */
  readonly latencyMs: {
    readonly p50: number;
    readonly p90: number;
    readonly p95: number;
    readonly p99: number;
    readonly max: number;
  };
  /** Answers by the pod that gave them, as far as a header names it. */
  readonly pods: Readonly<Record<string, number>>;
  /** Answers that were confirmed and could not be found afterwards; absent when the scenario does not look. */
  readonly lost?: number;
  /** Answers that were confirmed and of which nobody could say whether they are there; absent as `lost` is. */
  readonly unknown?: number;
}

export interface Outcome {
  /** Absent when the request succeeded. */
  failure?: string | undefined;
  /**
   * How long a user waited, whatever for: percentiles that left out failures would be best when the server is worst. Absent
   * when there was nothing to send.
   */
  latencyMs?: number | undefined;
  pod?: string | undefined;
}

/** Remembers what became of every arrival. */
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

  /** Whoever could not even be sent would have waited at least that long. */
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

/** The nearest-rank percentile: a value that was really seen. 0 when nothing was. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
