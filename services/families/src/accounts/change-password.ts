import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { passwordChanged } from './account-tokens.ts';
import { refuseOwnEmail } from './refuse-own-email.ts';
import { replacePassword } from './replace-password.ts';
import { findAccountById, setPassword } from './store.ts';

/**
 * Changes a password by the current one, and ends every session of the account. Wrong passwords count as failed sign-ins: a
 * session left open somewhere is no way to guess them.
 * @throws {Problem} `unauthenticated`, `wrong_password`, `validation_failed`, `too_many_attempts`, `passwords_busy`, `sessions_unavailable`
 */
export async function changePassword(
  { database, passwords, sessions, signInLimit }: Pick<Deps, 'database' | 'passwords' | 'sessions' | 'signInLimit'>,
  { accountId, address }: { accountId: string; address: string },
  given: { currentPassword: string; password: string },
): Promise<void> {
  const account = await findAccountById(database, accountId);
  if (account === undefined) throw errors.problem('unauthenticated');
  const { email } = account;
  await signInLimit.attempt(email, address);
  if (!(await passwords.verify(account.passwordHash, given.currentPassword))) throw errors.problem('wrong_password');
  await signInLimit.succeeded(email, address);
  refuseOwnEmail(given.password, email);
  const passwordHash = await passwords.hash(given.password);
  await replacePassword({ database, sessions }, accountId, (trx) =>
    setPassword(trx, accountId, passwordHash, passwordChanged({ accountId, email })),
  );
}
