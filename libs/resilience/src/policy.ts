export type BreakerState = 'closed' | 'open' | 'half-open';

export interface PolicyOptions {
  /** What is called, for events: `payment`. */
  readonly name: string;
  /** How long one try may take, in milliseconds. Its signal aborts then and the call stops waiting for it. */
  readonly timeoutMs: number;
  /** Tries in all, with full jitter between them. Default: one try. */
  readonly retry?: { readonly attempts: number; readonly baseMs: number; readonly maxMs: number };
  /**
   * Opens after `failures` tries failed in a row, or when `ratio` (0–1) of the last `calls` (default 20) failed; lets one try
   * through `openMs` later and closes if that succeeds. Default: no breaker.
   */
  readonly breaker?:
    | { readonly failures: number; readonly openMs: number }
    | { readonly ratio: number; readonly calls?: number; readonly openMs: number };
  /** At most `concurrent` calls at once, `queued` more wait, the rest are rejected at once. Default: no limit. */
  readonly bulkhead?: { readonly concurrent: number; readonly queued: number };
  /** Whether an error says that the other side is in trouble. Others are neither retried nor counted. Default: all are. */
  readonly isFailure?: (error: unknown) => boolean;
  readonly onEvent?: (event: PolicyEvent) => void;
}

export type PolicyEvent = { policy: string } & (
  | { kind: 'succeeded'; durationMs: number }
  | { kind: 'failed'; durationMs: number; error: unknown }
  | { kind: 'retrying'; attempt: number; delayMs: number; error: unknown }
  | { kind: 'timed-out' }
  | { kind: 'rejected' }
  | { kind: 'breaker'; state: BreakerState }
);

export interface Policy {
  /**
   * Runs `call` under the policy. `signal` aborts when its time is up or the caller's own signal aborts.
   * @throws what `call` threw last, or an error that `isTimeout`, `isBrokenCircuit` or `isRejected` recognises, or the
   * reason of the caller's signal.
   */
  execute<T>(
    call: (context: { signal: AbortSignal; attempt: number }) => Promise<T>,
    options?: { signal?: AbortSignal },
  ): Promise<T>;
  /** `closed` when there is no breaker. */
  breakerState(): BreakerState;
}

/** Builds a policy. */
export function policy(_options: PolicyOptions): Policy {
  throw new Error('not yet');
}
/** The breaker is open: the other side was not asked. */
export const isBrokenCircuit = (_error: unknown): boolean => false;
/** A try took longer than `timeoutMs`. Whether it had an effect is unknown. */
export const isTimeout = (_error: unknown): boolean => false;
/** The bulkhead is full: the other side was not asked. */
export const isRejected = (_error: unknown): boolean => false;
