import { createHash } from 'node:crypto';
import { isUniqueViolation } from './errors.ts';
import type { CoopQueryable, CoopTransaction, Queryable } from './queryable.ts';

/** Same principal and key, other request: the client's mistake. The chassis answers its code with 422. */
export class IdempotencyMismatchError extends Error {
  override readonly name = 'IdempotencyMismatchError';
  readonly code = 'idempotency_key_reused';
}

export interface IdempotentRequest {
  /** Whose key it is: keys of different principals, and of different co-ops, never meet. */
  readonly principal: string;
  /** The request's `Idempotency-Key`. Without one the work is always done. */
  readonly key: string | undefined;
  readonly request: readonly [method: string, path: string, body: unknown];
  /** Stored with the answer; 201 if not given. */
  readonly status?: number;
}

interface KeyRow {
  readonly request_hash: string;
  readonly body: string | null;
}

/**
 * Runs `work` the first time that a key arrives and replays its answer every other time. A second request with the key waits
 * until the first one's transaction has ended. A refusal is not stored: it rolls back, and the key with it. Authorize the
 * caller first: a replay checks nothing else.
 * @param trx the transaction of the work.
 * @throws {IdempotencyMismatchError} when the key came with another request.
 */
export async function once<T>(
  trx: CoopTransaction,
  { principal, key, request, status = 201 }: IdempotentRequest,
  work: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return work();
  const requestHash = hashRequest(...request);
  const { rows } = await trx.query<KeyRow & { fresh: boolean }>({
    name: 'claim_idempotency_key',
    // the update changes nothing, but unlike "do nothing" it waits for, locks and returns the row that is there
    text: `insert into idempotency_keys (coop_id, principal, key, request_hash) values ($1, $2, $3, $4)
           on conflict (coop_id, principal, key) do update set key = excluded.key
           returning request_hash, body, xmax = 0 as fresh`,
    values: [trx.coopId, principal, key, requestHash],
  });
  if (rows[0]?.fresh === false) return answerOf<T>(rows[0], requestHash);
  const answer = await work();
  await trx.query({
    name: 'store_idempotent_response',
    text: `update idempotency_keys set status = $4, body = $5
           where coop_id = $1 and principal = $2 and key = $3`,
    values: [trx.coopId, principal, key, status, JSON.stringify(answer)],
  });
  return answer;
}

/**
 * The first answer to the principal's key, for work that claims its key inside its own statement
 * (`claimCte`). Call it only for a caller who may see that answer: authorization comes before replay.
 * @throws {IdempotencyMismatchError} when the key came with another request.
 */
export async function earlierAnswer<T>(
  db: CoopQueryable,
  { principal, key, request }: IdempotentRequest,
): Promise<T | undefined> {
  if (key === undefined) return undefined;
  const { rows } = await db.query<KeyRow>({
    name: 'find_idempotent_response',
    text: 'select request_hash, body from idempotency_keys where coop_id = $1 and principal = $2 and key = $3',
    values: [db.coopId, principal, key],
  });
  return rows[0] && answerOf<T>(rows[0], hashRequest(...request));
}

function answerOf<T>({ request_hash, body }: KeyRow, requestHash: string): T {
  if (request_hash !== requestHash) {
    throw new IdempotencyMismatchError('this Idempotency-Key was used for another request');
  }
  if (body === null) throw new Error('the key was committed without an answer');
  return JSON.parse(body) as T;
}

/**
 * A CTE named `claimed` that claims a key and stores its answer inside the statement of the effect: no extra round trip. When
 * the key is taken, the whole statement fails with an error for which `isKeyTaken` is true, and nothing is written.
 * @param coop the parameter that has the co-op's id, `$1`.
 * @param from the CTE that has one row when the effect happens, and none when it does not.
 * @param first number of the first of the five parameters that `claimParameters` gives.
 * @param body SQL of the answer's text, when the statement itself completes it; the fifth parameter if not given.
 * @example `with seat as (…), ${claimCte({ coop: '$1', from: 'seat', first: 7 })} select … from seat`
 */
export function claimCte({
  coop,
  from,
  first,
  body,
}: {
  coop: string;
  from: string;
  first: number;
  body?: string;
}): string {
  const [principal, key, hash, status, answer] = [0, 1, 2, 3, 4].map((offset) => `$${first + offset}`);
  return `claimed as (
  insert into idempotency_keys (coop_id, principal, key, request_hash, status, body)
  select ${coop}::uuid, ${principal}::text, ${key}::text, ${hash}::text, ${status}::int, ${body ?? `${answer}::text`}
  from ${from}
)`;
}

/** The values of the parameters of `claimCte`, in its order. */
export const claimParameters = (claim: {
  readonly principal: string;
  readonly key: string;
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
}): unknown[] => [claim.principal, claim.key, claim.requestHash, claim.status, claim.body];

/**
 * True for the error of a statement with `claimCte` whose key was claimed before. The second constraint is there for as long
 * as processes of release 0.2 may run: they know of no co-ops, and their keys have none.
 */
export const isKeyTaken = (error: unknown): boolean =>
  isUniqueViolation(error, 'idempotency_keys_pkey') || isUniqueViolation(error, 'idempotency_keys_before_coops');

/** A request's fingerprint: equal for equal method, path and body. */
export const hashRequest = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body ?? null]))
    .digest('base64url');

/** Deletes keys older than `hours`, of every co-op, at most `limit` of them. @returns how many. Clients retry for minutes, not days. */
export async function purgeIdempotencyKeys(db: Queryable, { hours = 72, limit = 10_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'purge_idempotency_keys',
    text: `delete /* every co-op */ from idempotency_keys where (coop_id, principal, key) in (
             select coop_id, principal, key from idempotency_keys
             where created_at < now() - make_interval(hours => $1) limit $2)`,
    values: [hours, limit],
  });
  return rowCount;
}
