import { isRefused, refused, type Refused } from '@homeroom/chassis';
import type { CoopDatabase, CoopTransaction } from '@homeroom/postgres';
import { tokenHash } from '../credentials/account-tokens.ts';
import type { AccountDeps } from './deps.ts';
import { ownPassword } from './own-password.ts';
import { replacePassword } from './replace-password.ts';
import { consumeToken, findTokenAccount, insertTokenByEmail } from './store.ts';
import { verifyAccount } from './verify-account.ts';

/**
 * Sends a mail with a link to set a new password, if the address has an account. Does and answers the same if it has none,
 * and when the limit of mails is reached.
 */
export async function requestReset(
  { db, mailLimit, accountTokenSecret }: Pick<AccountDeps, 'mailLimit' | 'accountTokenSecret'> & { db: CoopDatabase },
  { email, address }: { email: string; address: string },
): Promise<void> {
  const account = { coopId: db.coopId, email };
  if ((await mailLimit.take({ purpose: 'reset_password', account, address })) > 0) return;
  await insertTokenByEmail(db, email, accountTokenSecret);
}

/**
 * Sets a new password by the token of its mail. Reading the mail proves who owns the address, so it is verified, and every
 * session ends, also those of anyone who registered with the address before its owner.
 * @returns the account's address.
 * @throws {Problem} `passwords_busy`, `sessions_unavailable`
 */
export async function confirmReset(
  { db, passwords, sessions }: Pick<AccountDeps, 'passwords' | 'sessions'> & { db: CoopDatabase },
  { token, password }: { token: string; password: string },
): Promise<{ email: string } | Refused<'token_invalid'>> {
  const hash = tokenHash(token);
  // before the hash of the password is paid for
  const account = await findTokenAccount(db, hash, 'reset_password');
  if (account === undefined) return refused('token_invalid');
  const unfit = await ownPassword(db, password, account);
  if (isRefused(unfit)) return unfit;
  const passwordHash = await passwords.hash(password);
  const before = async (trx: CoopTransaction) => {
    const consumed = await consumeToken(trx, hash, 'reset_password');
    return consumed === undefined ? refused('token_invalid') : verifyAccount(trx, consumed);
  };
  const replaced = await replacePassword({ db, sessions }, { account, passwordHash, before });
  return isRefused(replaced) ? replaced : { email: account.email };
}
