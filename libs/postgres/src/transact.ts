import type { CoopDatabase } from './coop-database.ts';
import { once, type IdempotentRequest } from './idempotency.ts';
import type { CoopTransaction } from './queryable.ts';

/** What a use-case returns for what the domain refuses, as far as a transaction must know it. */
const isRefused = (outcome: unknown): boolean =>
  typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'refused';

class RolledBack extends Error {
  override readonly name = 'RolledBack';
  readonly outcome: unknown;

  constructor(outcome: unknown) {
    super('the transaction was rolled back on purpose');
    this.outcome = outcome;
  }
}

/**
 * Runs a use-case's one transaction. A refusal rolls it back, with the idempotency key that it claimed.
 * @param options.claim the request's idempotency key: the second time, `work` is not done and its first answer is returned.
 * @param options.keep whether to commit this outcome; by default everything but a refusal.
 * @throws {IdempotencyMismatchError} when the key came with another request.
 */
export async function transact<T>(
  database: CoopDatabase,
  work: (trx: CoopTransaction) => Promise<T>,
  {
    claim,
    keep = (outcome) => !isRefused(outcome),
  }: { claim?: IdempotentRequest; keep?: (outcome: T) => boolean } = {},
): Promise<T> {
  try {
    return await database.transaction((trx) => {
      const attempt = async (): Promise<T> => {
        const outcome = await work(trx);
        if (!keep(outcome)) throw new RolledBack(outcome);
        return outcome;
      };
      return claim === undefined ? attempt() : once(trx, claim, attempt);
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.outcome as T;
    throw error;
  }
}
