import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { passwordChanged, tokenHash } from './account-tokens.ts';
import { refuseOwnEmail } from './refuse-own-email.ts';
import { replacePassword } from './replace-password.ts';
import { consumeToken, findTokenAccount, insertTokenByEmail, setPassword } from './store.ts';
import { verifyAccount } from './verify-account.ts';

/**
 * Sends a mail with a link to set a new password, if the address has an account. Does and answers the same if it has none,
 * and when the limit of mails is reached.
 */
export async function requestReset(
  { database, mailLimit, config }: Pick<Deps, 'database' | 'mailLimit' | 'config'>,
  { email, address }: { email: string; address: string },
): Promise<void> {
  if ((await mailLimit.take({ purpose: 'reset_password', email, address })) > 0) return;
  await insertTokenByEmail(database, email, config.ACCOUNT_TOKEN_SECRET);
}

/**
 * Sets a new password by the token of its mail. Reading the mail proves who owns the address, so it is verified, and every
 * session ends, also those of anyone who registered with the address before its owner.
 * @returns the account's address. @throws {Problem} `token_invalid`, `validation_failed`, `passwords_busy`, `sessions_unavailable`
 */
export async function confirmReset(
  { database, passwords, sessions }: Pick<Deps, 'database' | 'passwords' | 'sessions'>,
  { token, password }: { token: string; password: string },
): Promise<string> {
  const hash = tokenHash(token);
  // before the hash of the password is paid for
  const account = await findTokenAccount(database, hash, 'reset_password');
  if (account === undefined) throw errors.problem('token_invalid');
  refuseOwnEmail(password, account.email);
  const { accountId } = account.principal;
  const passwordHash = await passwords.hash(password);
  await replacePassword({ database, sessions }, accountId, async (trx) => {
    const consumed = await consumeToken(trx, hash, 'reset_password');
    if (consumed === undefined) throw errors.problem('token_invalid');
    await verifyAccount(trx, consumed);
    await setPassword(trx, accountId, passwordHash, passwordChanged({ accountId, email: consumed.email }));
  });
  return account.email;
}
