export interface Backoff {
  /** The longest wait before the second try, in milliseconds. */
  readonly baseMs: number;
  /** No wait is longer than this. */
  readonly maxMs: number;
}

/**
 * How long to wait before try `attempt + 1`: a random time in [0, min(maxMs, baseMs × 2^(attempt − 1))].
 * The whole range is random, so that clients that failed together do not come back together.
 * @param attempt the tries that have failed so far, counted from 1: after the first failure the wait is at most `baseMs`.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("Full Jitter", which counts from 0)
 */
export function fullJitter(attempt: number, { baseMs, maxMs }: Backoff, random: () => number = Math.random): number {
  return random() * Math.min(maxMs, baseMs * 2 ** (Math.max(1, attempt) - 1));
}
