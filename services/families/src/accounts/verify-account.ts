import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import { issueToken, tokenHash } from '../credentials/account-tokens.ts';
import { applyChange } from '../families/change-family.ts';
import { withVerifiedGuardian } from '../families/family.ts';
import type { AccountDeps } from './deps.ts';
import { consumeToken, findAccountById, insertToken, verifyEmail, type Account } from './store.ts';

/** Sends the verification mail again. */
export async function requestVerification(
  { db, mailLimit, accountTokenSecret }: Pick<AccountDeps, 'mailLimit' | 'accountTokenSecret'> & { db: CoopDatabase },
  { accountId, address }: { accountId: string; address: string },
): Promise<undefined | Refused<'already_verified' | 'too_many_mails'>> {
  const account = await findAccountById(db, accountId);
  if (account === undefined) return refused('unauthenticated');
  if (account.emailVerified) return refused('already_verified');
  const { email } = account;
  const waitMs = await mailLimit.take({ purpose: 'verify_email', account: { coopId: db.coopId, email }, address });
  if (waitMs > 0) return refused('too_many_mails', undefined, { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
  await insertToken(db, accountId, issueToken('verify_email', { accountId, email }, accountTokenSecret));
}

/** Confirms an address by the token of its mail. */
export const confirmVerification = (
  { db }: { db: CoopDatabase },
  { token }: { token: string },
): Promise<undefined | Refused<'token_invalid'>> =>
  transact(db, async (trx) => {
    const account = await consumeToken(trx, tokenHash(token), 'verify_email');
    if (account === undefined) return refused('token_invalid');
    return verifyAccount(trx, account);
  });

/** Marks the address as verified and publishes the family, unless it was before. Locks the family before the account. */
export async function verifyAccount(trx: CoopTransaction, { principal, emailVerified }: Account): Promise<undefined> {
  if (emailVerified) return;
  if (principal.role === 'guardian') {
    const { accountId, familyId } = principal;
    const changed = await applyChange(trx, { familyId, decide: (family) => withVerifiedGuardian(family, accountId) });
    if (isRefused(changed)) throw new Error(`family ${familyId} of a guardian: ${changed.code}`);
  }
  await verifyEmail(trx, principal.accountId);
}
