import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { transact, type Database, type Transaction } from '@homeroom/postgres';
import { tokenHash } from '../credentials/account-tokens.ts';
import { applyChange } from '../families/change-family.ts';
import { withVerifiedGuardian } from '../families/family.ts';
import { consumeToken, verifyEmail, type Account } from './store.ts';

/** Confirms an address by the token of its mail. */
export const confirmVerification = (
  { database }: { database: Database },
  { token }: { token: string },
): Promise<undefined | Refused<'token_invalid'>> =>
  transact(database, async (trx) => {
    const account = await consumeToken(trx, tokenHash(token), 'verify_email');
    if (account === undefined) return refused('token_invalid');
    return verifyAccount(trx, account);
  });

/** Marks the address as verified and publishes the family, unless it was before. Locks the family before the account. */
export async function verifyAccount(trx: Transaction, { principal, emailVerified }: Account): Promise<undefined> {
  if (emailVerified) return;
  if (principal.role === 'guardian') {
    const { accountId, familyId } = principal;
    const changed = await applyChange(trx, { familyId, decide: (family) => withVerifiedGuardian(family, accountId) });
    if (isRefused(changed)) throw new Error(`family ${familyId} of a guardian: ${changed.code}`);
  }
  await verifyEmail(trx, principal.accountId);
}
