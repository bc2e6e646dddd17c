/**
 * The moment by which a whole piece of work must be done, handed down instead of a timeout so that every step below
 * gets what is left and not a fresh allowance.
 */
export class Deadline {
  readonly #at: number;
  readonly #now: () => number;

  private constructor(at: number, now: () => number) {
    this.#at = at;
    this.#now = now;
  }

  /** A deadline `ms` milliseconds from now. The clock is monotonic; a test may give its own, in milliseconds. */
  static in(ms: number, now: () => number = () => performance.now()): Deadline {
    return new Deadline(now() + ms, now);
  }

  /** What is left, in milliseconds; 0 when it has passed. */
  remainingMs(): number {
    return Math.max(0, this.#at - this.#now());
  }

  get passed(): boolean {
    return this.remainingMs() === 0;
  }

  /** `timeoutMs`, or what is left when that is less. */
  bound(timeoutMs: number): number {
    return Math.min(timeoutMs, this.remainingMs());
  }

  /** A signal that aborts at the deadline, with a `TimeoutError`. */
  signal(): AbortSignal {
    const leftMs = this.remainingMs();
    if (leftMs === 0) return AbortSignal.abort(new DOMException('The deadline has passed', 'TimeoutError'));
    return AbortSignal.timeout(Math.ceil(leftMs));
  }
}
