import type { Database } from './database.ts';
import { once, type IdempotentRequest } from './once.ts';
import type { Transaction } from './queryable.ts';

/** What a use-case returns for what the domain refuses, as far as a transaction must know it. */
const isRefused = (outcome: unknown): boolean =>
  typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'refused';

class RolledBack extends Error {
  readonly refusal: unknown;

  constructor(refusal: unknown) {
    super('rolled back: refused');
    this.refusal = refusal;
  }
}

/**
 * Runs a use-case's one transaction. A refusal rolls it back, with the idempotency key that it claimed.
 * @param claim the request's idempotency key: the second time that it comes, `work` is not done and its first answer returned.
 * @throws {Problem} `idempotency_key_reused` when the key came with another request.
 */
export async function transact<T>(
  database: Database,
  work: (trx: Transaction) => Promise<T>,
  claim?: IdempotentRequest,
): Promise<T> {
  try {
    return await database.transaction((trx) => {
      const attempt = async (): Promise<T> => {
        const outcome = await work(trx);
        if (isRefused(outcome)) throw new RolledBack(outcome);
        return outcome;
      };
      return claim === undefined ? attempt() : once(trx, claim, attempt);
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.refusal as T;
    throw error;
  }
}
