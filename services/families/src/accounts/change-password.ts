import { isRefused, refused, type Refused } from '@homeroom/chassis';
import type { CoopDatabase } from '@homeroom/postgres';
import type { AccountDeps } from './deps.ts';
import { ownPassword } from './own-password.ts';
import { replacePassword } from './replace-password.ts';
import { findAccountById } from './store.ts';

/**
 * Changes a password by the current one, and ends every session of the account. Wrong passwords count as failed sign-ins: an
 * open session is no way to guess them.
 * @throws {Problem} `passwords_busy`, `sessions_unavailable`
 */
export async function changePassword(
  deps: Pick<AccountDeps, 'passwords' | 'sessions' | 'signInLimit'> & { readonly db: CoopDatabase },
  request: { accountId: string; address: string; currentPassword: string; password: string },
): Promise<undefined | Refused<'wrong_password' | 'too_many_attempts'>> {
  const { db, passwords, signInLimit } = deps;
  const { address, password } = request;
  const account = await findAccountById(db, request.accountId);
  if (account === undefined) return refused('unauthenticated');
  const counted = { coopId: db.coopId, email: account.email };
  const limited = await signInLimit.attempt(counted, address);
  if (isRefused(limited)) return limited;
  if (!(await passwords.verify(account.passwordHash, request.currentPassword))) return refused('wrong_password');
  await signInLimit.succeeded(counted, address);
  const unfit = await ownPassword(db, password, account);
  if (isRefused(unfit)) return unfit;
  const passwordHash = await passwords.hash(password);
  await replacePassword(deps, { account, passwordHash });
}
