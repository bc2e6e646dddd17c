import type { Refused } from '@homeroom/chassis';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import type { AccountDeps } from './deps.ts';
import { setPassword, type Account } from './store.ts';

/**
 * Sets a password and ends every session of the account. Sessions end before the commit, so that a failure leaves the old
 * password and the next try does both; and again after it, for a sign-in with the old password in between.
 * @param deps.db of the account's co-op. @param change.before what else belongs to the transaction; a refusal undoes everything.
 * @returns how many sessions ended.
 */
export async function replacePassword<R extends Refused>(
  { db, sessions }: Pick<AccountDeps, 'sessions'> & { readonly db: CoopDatabase },
  change: { account: Account; passwordHash: string; before?: (trx: CoopTransaction) => Promise<R | undefined> },
): Promise<number | R> {
  const { account, passwordHash, before } = change;
  const { accountId } = account.principal;
  const ended = await transact(db, async (trx): Promise<number | R> => {
    const refusal = await before?.(trx);
    if (refusal !== undefined) return refusal;
    await setPassword(trx, account, passwordHash);
    return sessions.destroyAll(accountId);
  });
  return typeof ended === 'number' ? ended + (await sessions.destroyAll(accountId)) : ended;
}
