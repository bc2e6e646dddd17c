import {
  bulkhead,
  handleWhen,
  isBrokenCircuitError,
  isBulkheadRejectedError,
  noop,
  retry,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
  type IPolicy,
} from 'cockatiel';
import { breakerOf, brokenCircuit, checkBreaker, stateOf, type BreakerOptions, type BreakerState } from './breaker.ts';
import { isTimeout, PolicyError } from './errors.ts';
import { fullJitter } from './full-jitter.ts';
import { joinSignals } from './join-signals.ts';
import { orAborted } from './wait.ts';

export interface PolicyOptions {
  /** What is called, for events and error sentences: `payment`. */
  readonly name: string;
  /** How long one try may take, in milliseconds. Its signal aborts then, and the call stops waiting for it. */
  readonly timeoutMs: number;
  /** Tries in all, the first included, with full jitter between them. Default: one try. */
  readonly retry?: { readonly attempts: number; readonly baseMs: number; readonly maxMs: number };
  /** Ends calls to what keeps failing. Default: no breaker. */
  readonly breaker?: BreakerOptions;
  /** At most `concurrent` calls at once; `queued` more wait, the rest are rejected at once. Default: no limit. */
  readonly bulkhead?: { readonly concurrent: number; readonly queued: number };
  /**
   * Whether an error says that the other side is in trouble. Others (it answered: this card is declined) are neither
   * retried nor counted by the breaker. Time-outs always count. Default: every error does.
   */
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

export interface CallContext {
  /** Aborts when this try's time is up, or with the caller's own signal. Hand it to `fetch` and the like. */
  readonly signal: AbortSignal;
  /** 1 for the first try. */
  readonly attempt: number;
}

export interface Policy {
  /**
   * Runs `call` under the policy.
   * @param options.signal the caller's own, for instance `AbortSignal.timeout`: ends waiting, retrying and the try at once.
   * @throws what `call` threw last; an error that `isTimeout`, `isBrokenCircuit`, or `isRejected` recognizes; or the
   * reason of the caller's signal.
   */
  execute<T>(call: (context: CallContext) => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>;
  /** `closed` when there is no breaker. */
  breakerState(): BreakerState;
}

/**
 * Builds a policy: bulkhead around retries around breaker around time limit, so that a call keeps its place while it
 * retries, every try is judged by the breaker, and an open breaker ends the retries. Make one per thing that is
 * called and keep it: breaker and bulkhead remember.
 * @throws {Error} at once for invalid options.
 */
export function policy(options: PolicyOptions): Policy {
  check(options);
  const { name, timeoutMs, isFailure = () => true, onEvent } = options;
  const inTrouble = handleWhen((error) => isTimeout(error) || (!(error instanceof CallerAborted) && isFailure(error)));
  const breaker =
    options.breaker &&
    breakerOf(inTrouble, options.breaker, (state) => onEvent?.({ kind: 'breaker', policy: name, state }));
  const limit = timeout(timeoutMs, TimeoutStrategy.Aggressive);
  const around: IPolicy = wrap(
    options.bulkhead === undefined ? noop : bulkhead(options.bulkhead.concurrent, options.bulkhead.queued),
    options.retry === undefined ? noop : retryOf(options, options.retry, isFailure),
    breaker ?? noop,
  );

  const run = async <T>(call: (context: CallContext) => Promise<T>, caller: AbortSignal | undefined): Promise<T> => {
    let attempt = 0;
    return around.execute(async () => {
      if (hasAborted(caller)) throw new CallerAborted();
      attempt += 1;
      try {
        return await limit.execute(async ({ signal }) => {
          if (caller === undefined) return call({ attempt, signal });
          using joined = joinSignals(caller, signal);
          return await call({ attempt, signal: joined.signal });
        }, caller);
      } catch (error) {
        if (hasAborted(caller)) throw new CallerAborted();
        // cockatiel 3.2.1's own isTaskCancelledError looks for another error's mark
        if (!(error instanceof TaskCancelledError)) throw error;
        onEvent?.({ kind: 'timed-out', policy: name });
        throw new PolicyError(name, 'timeout', `no answer within ${timeoutMs} ms`, { cause: error });
      }
    });
  };

  return {
    breakerState: () => (breaker === undefined ? 'closed' : stateOf(breaker)),
    execute: async (call, { signal: caller } = {}) => {
      caller?.throwIfAborted();
      const startedAt = performance.now();
      try {
        // cockatiel waits out a retry's pause and a bulkhead's queue even when the caller has aborted
        const result = await (caller === undefined ? run(call, undefined) : orAborted(run(call, caller), caller));
        onEvent?.({ kind: 'succeeded', policy: name, durationMs: performance.now() - startedAt });
        return result;
      } catch (caught) {
        const error = named(name, caught, caller);
        if (isBulkheadRejectedError(caught)) onEvent?.({ kind: 'rejected', policy: name });
        else onEvent?.({ kind: 'failed', policy: name, durationMs: performance.now() - startedAt, error });
        throw error;
      }
    },
  };
}

/** Thrown inside, when the caller's signal has aborted: that is not the other side's fault. */
class CallerAborted extends Error {}
const hasAborted = (caller: AbortSignal | undefined): boolean => caller?.aborted === true;

function retryOf(
  { name, onEvent }: PolicyOptions,
  { attempts, baseMs, maxMs }: NonNullable<PolicyOptions['retry']>,
  isFailure: (error: unknown) => boolean,
) {
  const worthwhile = handleWhen(
    (error) =>
      isTimeout(error) || (!(error instanceof CallerAborted) && !isBrokenCircuitError(error) && isFailure(error)),
  );
  const policy = retry(worthwhile, {
    maxAttempts: attempts - 1,
    backoff: { next: ({ attempt }) => backoffStep(attempt) },
  });
  type Step = { duration: number; next: (context: { attempt: number }) => Step };
  const backoffStep = (attempt: number): Step => ({
    duration: fullJitter(attempt, { baseMs, maxMs }),
    next: (context) => backoffStep(context.attempt),
  });
  policy.onRetry((tried) =>
    onEvent?.({
      kind: 'retrying',
      policy: name,
      attempt: tried.attempt,
      delayMs: tried.delay,
      error: 'error' in tried ? tried.error : undefined,
    }),
  );
  return policy;
}

function named(name: string, error: unknown, caller: AbortSignal | undefined): unknown {
  if (hasAborted(caller)) return caller?.reason;
  if (isBrokenCircuitError(error)) return brokenCircuit(name, error);
  if (isBulkheadRejectedError(error)) {
    return new PolicyError(name, 'rejected', 'too many calls in progress', { cause: error });
  }
  return error;
}

function check({ name, timeoutMs, retry, breaker, bulkhead }: PolicyOptions): void {
  const demand = (fits: boolean, sentence: string): void => {
    if (!fits) throw new Error(`policy ${name}: ${sentence}`);
  };
  const whole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;
  demand(timeoutMs > 0 && timeoutMs <= 2 ** 31 - 1, 'timeoutMs must be more than 0 and fit a timer');
  if (retry) {
    demand(whole(retry.attempts, 1), 'retry.attempts counts the first try and must be 1 or more');
    demand(retry.baseMs >= 0 && retry.maxMs >= retry.baseMs, 'retry.maxMs must not be less than retry.baseMs');
  }
  if (breaker) checkBreaker(name, breaker);
  if (bulkhead) {
    demand(whole(bulkhead.concurrent, 1), 'bulkhead.concurrent must be 1 or more');
    demand(whole(bulkhead.queued, 0), 'bulkhead.queued must be 0 or more');
  }
}
