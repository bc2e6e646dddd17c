import {
  claimIdempotencyKey,
  hashRequest,
  IdempotencyMismatchError,
  storeIdempotentResponse,
  type Transaction,
} from '@homeroom/postgres';
import { errors } from './errors.ts';

/**
 * Does `work` the first time that a key comes and answers what it answered then every other time; always, without a key.
 * A refusal is not remembered: it rolls back, and the key with it.
 * @throws {Problem} `idempotency_key_reused` when the key came with another request.
 */
export async function once<T>(
  trx: Transaction,
  { principal, key, request }: { principal: string; key: string | undefined; request: unknown },
  work: () => Promise<T>,
): Promise<T> {
  if (key === undefined) return work();
  const requestHash = hashRequest('POST', '/api/classes', request);
  const claimed = await claimIdempotencyKey(trx, { principal, key, requestHash }).catch((error: unknown) => {
    throw error instanceof IdempotencyMismatchError ? errors.problem('idempotency_key_reused') : error;
  });
  if (claimed.kind === 'replay') return JSON.parse(claimed.body) as T;
  const answer = await work();
  await storeIdempotentResponse(trx, { principal, key, status: 201, body: JSON.stringify(answer) });
  return answer;
}
