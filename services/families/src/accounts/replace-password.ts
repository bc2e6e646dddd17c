import type { Database, Transaction } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';

/**
 * Changes a password and ends every session of the account. Sessions end before the commit, so that a failure leaves the old
 * password and the next try does both; and again after it, for a sign-in with the old password in between.
 * @param change writes the new password. @returns how many sessions ended.
 */
export async function replacePassword(
  { database, sessions }: { database: Database; sessions: SessionStore },
  accountId: string,
  change: (trx: Transaction) => Promise<void>,
): Promise<number> {
  const ended = await database.transaction(async (trx) => {
    await change(trx);
    return sessions.destroyAll(accountId);
  });
  return ended + (await sessions.destroyAll(accountId));
}
