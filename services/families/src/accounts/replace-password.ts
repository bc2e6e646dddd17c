import { isRefused, type Refused } from '@homeroom/chassis';
import { transact, type Database, type Transaction } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';

/**
 * Changes a password and ends every session of the account. Sessions end before the commit, so that a failure leaves the old
 * password and the next try does both; and again after it, for a sign-in with the old password in between.
 * @param change writes the new password. @returns how many sessions ended.
 */
export async function replacePassword<R extends Refused = never>(
  { database, sessions }: { database: Database; sessions: SessionStore },
  accountId: string,
  change: (trx: Transaction) => Promise<R | undefined> | Promise<void>,
): Promise<number | R> {
  const ended = await transact(database, async (trx) => {
    const changed = await change(trx);
    return isRefused(changed) ? changed : sessions.destroyAll(accountId);
  });
  return typeof ended === 'number' ? ended + (await sessions.destroyAll(accountId)) : ended;
}
