import type { Database, Transaction } from '@homeroom/postgres';
import { errors } from '../errors.ts';
import { changeFamilyIn } from '../families/change-family.ts';
import { withVerifiedGuardian } from '../families/family.ts';
import { tokenHash } from './account-tokens.ts';
import { consumeToken, verifyEmail, type Account } from './store.ts';

/**
 * Confirms an address by the token of its mail.
 * @throws {Problem} `token_invalid`
 */
export const confirmVerification = ({ database }: { database: Database }, token: string): Promise<void> =>
  database.transaction(async (trx) => {
    const account = await consumeToken(trx, tokenHash(token), 'verify_email');
    if (account === undefined) throw errors.problem('token_invalid');
    await verifyAccount(trx, account);
  });

/** Marks the address as verified and publishes the family, unless it was before. Locks the family before the account. */
export async function verifyAccount(trx: Transaction, { principal, emailVerified }: Account): Promise<void> {
  if (emailVerified) return;
  if (principal.role === 'guardian') {
    await changeFamilyIn(trx, principal.familyId, (family) => ({
      family: withVerifiedGuardian(family, principal.accountId),
    }));
  }
  await verifyEmail(trx, principal.accountId);
}
