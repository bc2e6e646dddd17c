import type { Database, Transaction } from '@homeroom/postgres';
import type { ChassisErrorCode, ErrorTable } from './errors.ts';
import { once, type IdempotentRequest } from './idempotency.ts';

/** What a use-case returns for what the domain refuses. It throws for faults only. */
export interface Refused<Code extends string = string> {
  readonly kind: 'refused';
  readonly code: Code | ChassisErrorCode;
  /** What happened this time, for people. */
  readonly detail?: string | undefined;
  /** Further members of the problem; `retryAfterSeconds` becomes `Retry-After`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

export const refused = <const Code extends string>(
  code: Code,
  detail?: string,
  extra?: Readonly<Record<string, unknown>>,
): { kind: 'refused'; code: Code; detail?: string; extra?: Readonly<Record<string, unknown>> } => ({
  kind: 'refused',
  code,
  ...(detail === undefined ? {} : { detail }),
  ...(extra === undefined ? {} : { extra }),
});

export const isRefused = <T>(outcome: T): outcome is Extract<T, { readonly kind: 'refused' }> =>
  typeof outcome === 'object' && outcome !== null && 'kind' in outcome && outcome.kind === 'refused';

/**
 * What a route makes of an outcome.
 * @throws {Problem} for a refusal, from the service's error table.
 */
export function accepted<T, Code extends string>(
  errors: ErrorTable<Code>,
  outcome: T | Refused<Code>,
): Exclude<T, { readonly kind: 'refused' }> {
  if (isRefused(outcome)) {
    const { code, detail, extra } = outcome as Refused<Code>;
    throw errors.problem(code, detail, extra);
  }
  return outcome as Exclude<T, { readonly kind: 'refused' }>;
}

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
