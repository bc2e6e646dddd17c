import { createHash } from 'node:crypto';
import { isUniqueViolation } from './errors.ts';
import type { Queryable, Transaction } from './queryable.ts';

/** Same principal and key, other request: the client's mistake. The chassis answers its code with 422. */
export class IdempotencyMismatchError extends Error {
  override readonly name = 'IdempotencyMismatchError';
  readonly code = 'idempotency_key_reused';
}

/** The table that the functions below use, for a service's migration. */
export const idempotencyTable =
  'create table idempotency_keys (principal text not null, key text not null, request_hash text not null, status int, body text, created_at timestamptz not null default now(), primary key (principal, key));';

export interface IdempotencyKey {
  /** Whose key it is: keys of different principals never meet. */
  readonly principal: string;
  /** The request's `Idempotency-Key`. */
  readonly key: string;
}

export type Claim =
  | { readonly kind: 'new' }
  /** The answer given the first time. */
  | { readonly kind: 'replay'; readonly status: number; readonly body: string };

/**
 * Claims a key in the transaction of the effect. A second claim waits until the first one's transaction has ended: then it
 * is a replay, or new when that one rolled back. So a key in use never needs a state of its own.
 * @throws {IdempotencyMismatchError} when the key came with another request before.
 */
export async function claimIdempotencyKey(
  trx: Transaction,
  { principal, key, requestHash }: IdempotencyKey & { readonly requestHash: string },
): Promise<Claim> {
  const { rows } = await trx.query<{
    request_hash: string;
    status: number | null;
    body: string | null;
    fresh: boolean;
  }>({
    name: 'claim_idempotency_key',
    // the update changes nothing, but unlike "do nothing" it waits for, locks and returns the row that is there
    text: `insert into idempotency_keys (principal, key, request_hash) values ($1, $2, $3)
           on conflict (principal, key) do update set key = excluded.key
           returning request_hash, status, body, xmax = 0 as fresh`,
    values: [principal, key, requestHash],
  });
  const row = rows[0];
  if (row === undefined || row.fresh) return { kind: 'new' };
  return { kind: 'replay', ...answerOf(row, requestHash) };
}

/** Stores the answer in the same transaction. An answer that says "try again" (5xx) is not stored: roll back instead. */
export async function storeIdempotentResponse(
  trx: Transaction,
  { principal, key, status, body }: IdempotencyKey & { readonly status: number; readonly body: string },
): Promise<void> {
  await trx.query({
    name: 'store_idempotent_response',
    text: 'update idempotency_keys set status = $3, body = $4 where principal = $1 and key = $2',
    values: [principal, key, status, body],
  });
}

/** The columns of a claim made together with its answer, in the order of `claimParameters`. */
const claimColumns = 'principal, key, request_hash, status, body';

/**
 * A CTE named `claimed` that claims a key and stores its answer inside the statement of the effect: no extra round trip. When
 * the key is taken, the whole statement fails with an error for which `isKeyTaken` is true, and nothing is written.
 * @param from the CTE that has one row when the effect happens, and none when it does not.
 * @param first number of the first of the five parameters that `claimParameters` gives.
 * @param body SQL of the answer's text, when the statement itself completes it; the fifth parameter if not given.
 * @example `with seat as (…), ${claimCte({ from: 'seat', first: 7 })} select … from seat`
 */
export function claimCte({ from, first, body }: { from: string; first: number; body?: string }): string {
  const [principal, key, hash, status, answer] = [0, 1, 2, 3, 4].map((offset) => `$${first + offset}`);
  return `claimed as (
  insert into idempotency_keys (${claimColumns})
  select ${principal}::text, ${key}::text, ${hash}::text, ${status}::int, ${body ?? `${answer}::text`} from ${from}
)`;
}

export const claimParameters = ({
  principal,
  key,
  requestHash,
  status,
  body,
}: IdempotencyKey & { readonly requestHash: string; readonly status: number; readonly body: string }): [
  string,
  string,
  string,
  number,
  string,
] => [principal, key, requestHash, status, body];

/** True for the error of a statement with `claimCte` whose key was claimed before. */
export const isKeyTaken = (error: unknown): boolean => isUniqueViolation(error, 'idempotency_keys_pkey');

/**
 * The answer that this principal's key had the first time. Ask after authorization: an answer is data of the one who may
 * read it.
 * @throws {IdempotencyMismatchError} when the key came with another request before.
 */
export async function findIdempotentResponse(
  db: Queryable,
  { principal, key, requestHash }: IdempotencyKey & { readonly requestHash: string },
): Promise<{ readonly status: number; readonly body: string } | undefined> {
  const { rows } = await db.query<{ request_hash: string; status: number | null; body: string | null }>({
    name: 'find_idempotent_response',
    text: 'select request_hash, status, body from idempotency_keys where principal = $1 and key = $2',
    values: [principal, key],
  });
  const [row] = rows;
  return row && answerOf(row, requestHash);
}

function answerOf(
  row: { request_hash: string; status: number | null; body: string | null },
  requestHash: string,
): { readonly status: number; readonly body: string } {
  if (row.request_hash !== requestHash) {
    throw new IdempotencyMismatchError('this Idempotency-Key was used for another request');
  }
  if (row.status === null) {
    throw new Error(
      'the key was committed without an answer: storeIdempotentResponse belongs in the same transaction as the claim',
    );
  }
  return { status: row.status, body: row.body ?? '' };
}

/** A request's fingerprint: equal for equal method, path and body. */
export const hashRequest = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify([method, path, body ?? null]))
    .digest('base64url');

/** Deletes keys older than `hours`, at most `limit` of them. @returns how many. Clients retry for minutes, not days. */
export async function purgeIdempotencyKeys(db: Queryable, { hours = 72, limit = 10_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'forget_idempotency_keys',
    text: `delete from idempotency_keys where (principal, key) in (
             select principal, key from idempotency_keys where created_at < now() - make_interval(hours => $1) limit $2)`,
    values: [hours, limit],
  });
  return rowCount;
}
