import { refused, type Refused } from '@homeroom/chassis';
import { issueToken } from '../credentials/account-tokens.ts';
import type { AccountDeps } from './deps.ts';
import { findAccountById, insertToken } from './store.ts';

/** Sends the verification mail again. */
export async function requestVerification(
  { database, mailLimit, accountTokenSecret }: Pick<AccountDeps, 'database' | 'mailLimit' | 'accountTokenSecret'>,
  { accountId, address }: { accountId: string; address: string },
): Promise<undefined | Refused<'already_verified' | 'too_many_mails'>> {
  const account = await findAccountById(database, accountId);
  if (account === undefined) return refused('unauthenticated');
  if (account.emailVerified) return refused('already_verified');
  const { email } = account;
  const waitMs = await mailLimit.take({ purpose: 'verify_email', email, address });
  if (waitMs > 0) return refused('too_many_mails', undefined, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
  await insertToken(database, accountId, issueToken('verify_email', { accountId, email }, accountTokenSecret));
}
