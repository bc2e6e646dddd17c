import { claimIdempotencyKey, findIdempotentResponse, hashRequest, storeIdempotentResponse } from './idempotency.ts';
import type { Queryable, Transaction } from './queryable.ts';

export interface IdempotentRequest {
  /** Whose key it is: keys of different principals never meet. */
  readonly principal: string;
  /** The request's Idempotency-Key. Without one the work is always done. */
  readonly key: string | undefined;
  readonly request: readonly [method: string, path: string, body: unknown];
  /** Stored with the answer; 201 if not given. */
  readonly status?: number;
}

/**
 * The first answer to the principal's key, for work that claims its key inside its own statement
 * (`claimCte`). Call it only for a caller who may see that answer: authorization comes before replay.
 * @throws {IdempotencyMismatchError} when the key came with another request.
 */
export async function earlierAnswer<T>(
  db: Queryable,
  { principal, key, request }: IdempotentRequest,
): Promise<T | undefined> {
  if (key === undefined) return undefined;
  const requestHash = hashRequest(...request);
  const found = await findIdempotentResponse(db, { principal, key, requestHash });
  return found && (JSON.parse(found.body) as T);
}

/**
 * Runs `work` the first time that a key arrives and replays its answer every other time. A refusal is not stored: it rolls
 * back, and the key with it. Authorize the caller first: a replay checks nothing else.
 * @param trx the transaction of the work.
 * @throws {IdempotencyMismatchError} when the key came with another request.
 */
export async function once<T>(
  trx: Transaction,
  { principal, key, request, status = 201 }: IdempotentRequest,
  work: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return work();
  const requestHash = hashRequest(...request);
  const claimed = await claimIdempotencyKey(trx, { principal, key, requestHash });
  if (claimed.kind === 'replay') return JSON.parse(claimed.body) as T;
  const answer = await work();
  await storeIdempotentResponse(trx, { principal, key, status, body: JSON.stringify(answer) });
  return answer;
}
