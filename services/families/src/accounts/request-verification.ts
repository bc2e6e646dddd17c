import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { issueToken } from './account-tokens.ts';
import { findAccountById, insertToken } from './store.ts';

/**
 * Sends the verification mail again.
 * @throws {Problem} `unauthenticated`, `already_verified`, `too_many_mails`
 */
export async function requestVerification(
  { database, mailLimit, config }: Pick<Deps, 'database' | 'mailLimit' | 'config'>,
  { accountId, address }: { accountId: string; address: string },
): Promise<void> {
  const account = await findAccountById(database, accountId);
  if (account === undefined) throw errors.problem('unauthenticated');
  if (account.emailVerified) throw errors.problem('already_verified');
  const { email } = account;
  const waitMs = await mailLimit.take({ purpose: 'verify_email', email, address });
  if (waitMs > 0) {
    throw errors.problem('too_many_mails', undefined, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
  }
  const token = issueToken('verify_email', { accountId, email }, config.ACCOUNT_TOKEN_SECRET);
  await insertToken(database, accountId, token);
}
