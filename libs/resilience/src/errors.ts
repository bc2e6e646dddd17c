type Reason = 'timeout' | 'broken-circuit' | 'rejected';

/** What a policy itself throws; `isTimeout`, `isBrokenCircuit`, and `isRejected` distinguish the reasons. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
  readonly policy: string;
  readonly reason: Reason;

  constructor(policy: string, reason: Reason, sentence: string, options?: ErrorOptions) {
    super(`${policy}: ${sentence}`, options);
    this.policy = policy;
    this.reason = reason;
  }
}

const isFor =
  (reason: Reason) =>
  (error: unknown): boolean =>
    error instanceof PolicyError && error.reason === reason;

/** A try took longer than `timeoutMs`. Whether it had an effect on the other side is unknown. */
export const isTimeout = isFor('timeout');
/** The breaker is open: the other side was not asked. */
export const isBrokenCircuit = isFor('broken-circuit');
/** The bulkhead is full: the other side was not asked. */
export const isRejected = isFor('rejected');
