import {
  claimIdempotencyKey,
  IdempotencyMismatchError,
  storeIdempotentResponse,
  type IdempotencyKey,
  type Transaction,
} from '@homeroom/postgres';
import { errors } from './errors.ts';

/**
 * Does `work` the first time that a key comes and answers what it answered then every other time. A refusal is not
 * remembered: it rolls back, and the key with it.
 * @throws {Problem} `idempotency_key_reused` when the key came with another request.
 */
export async function once<T>(
  trx: Transaction,
  claim: IdempotencyKey & { requestHash: string },
  work: () => Promise<T>,
): Promise<T> {
  const claimed = await claimIdempotencyKey(trx, claim).catch((error: unknown) => {
    throw error instanceof IdempotencyMismatchError ? errors.problem('idempotency_key_reused') : error;
  });
  if (claimed.kind === 'replay') return JSON.parse(claimed.body) as T;
  const answer = await work();
  await storeIdempotentResponse(trx, { ...claim, status: 201, body: JSON.stringify(answer) });
  return answer;
}
