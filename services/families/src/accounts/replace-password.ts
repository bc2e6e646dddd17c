import { isRefused, type Refused } from '@homeroom/chassis';
import { transact, type Database, type Transaction } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';

interface PasswordDeps {
  readonly database: Database;
  readonly sessions: SessionStore;
}

/**
 * Changes a password and ends every session of the account. Sessions end before the commit, so that a failure leaves the old
 * password and the next try does both; and again after it, for a sign-in with the old password in between.
 * @param change writes the new password. @returns how many sessions ended.
 */
export async function replacePassword(
  deps: PasswordDeps,
  accountId: string,
  change: (trx: Transaction) => Promise<void>,
): Promise<number>;
/** The same, for a change that may be refused: then everything stays as it was. */
export async function replacePassword<R extends Refused>(
  deps: PasswordDeps,
  accountId: string,
  change: (trx: Transaction) => Promise<R | undefined>,
): Promise<number | R>;
export async function replacePassword<R extends Refused>(
  { database, sessions }: PasswordDeps,
  accountId: string,
  change: (trx: Transaction) => Promise<R | undefined> | Promise<void>,
): Promise<number | R> {
  const ended = await transact(database, async (trx) => {
    const changed = await change(trx);
    return isRefused(changed) ? changed : sessions.destroyAll(accountId);
  });
  return typeof ended === 'number' ? ended + (await sessions.destroyAll(accountId)) : ended;
}
