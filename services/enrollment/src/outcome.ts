import type { Problem } from '@homeroom/chassis';
import type { Database, Transaction } from '@homeroom/postgres';
import { errors, type ErrorCode } from './errors.ts';

/** What the domain refuses, as a use-case returns it. A route turns it into a problem with `unlessRefused`. */
export interface Refused<Code extends ErrorCode = ErrorCode> {
  readonly kind: 'refused';
  readonly code: Code;
  readonly detail?: string | undefined;
  /** Further members of the problem. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export const refuse = <Code extends ErrorCode>(
  code: Code,
  detail?: string,
  extra: Readonly<Record<string, unknown>> = {},
): Refused<Code> => ({ kind: 'refused', code, detail, extra });

export const isRefused = (outcome: unknown): outcome is Refused =>
  typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'refused';

const problemOf = ({ code, detail, extra }: Refused): Problem => errors.problem(code, detail, extra);

/** @throws {Problem} for a refusal. */
export function unlessRefused<T>(outcome: T): Exclude<T, Refused> {
  if (isRefused(outcome)) throw problemOf(outcome);
  return outcome as Exclude<T, Refused>;
}

class RolledBack<T> extends Error {
  override readonly name = 'RolledBack';
  readonly outcome: T;

  constructor(outcome: T) {
    super('the transaction was rolled back on purpose');
    this.outcome = outcome;
  }
}

/**
 * Runs the one transaction of a use-case. A refusal rolls back whatever was written before it, a claimed idempotency key
 * included.
 * @param keep whether to commit this outcome; by default everything but a refusal.
 */
export async function transact<T>(
  db: Database,
  work: (trx: Transaction) => Promise<T>,
  keep: (outcome: T) => boolean = (outcome) => !isRefused(outcome),
): Promise<T> {
  try {
    return await db.transaction(async (trx) => {
      const outcome = await work(trx);
      if (!keep(outcome)) throw new RolledBack(outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof RolledBack) return error.outcome as T;
    throw error;
  }
}
