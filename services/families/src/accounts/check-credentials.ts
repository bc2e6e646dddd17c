import { isRefused, refused, type Refused } from '@homeroom/chassis';
import type { Principal } from '@homeroom/sessions';
import type { AccountDeps } from './deps.ts';
import { accountLabel, slowdownWindowSeconds } from './sign-in-slowdown.ts';
import { findAccount, publishAttack } from './store.ts';

/**
 * Finds the account of credentials. An unknown email, a wrong password and an account without a password take the same time
 * and give the same answer.
 * @param input device: names a device that has signed in to this account before.
 * @throws {Problem} `passwords_busy`, `sessions_unavailable`
 */
export async function checkCredentials(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'signInLimit' | 'signInSlowdown' | 'onSignInAttack'>,
  request: { email: string; password: string; address: string; device: string | undefined },
): Promise<Principal | Refused<'wrong_credentials' | 'too_many_attempts'>> {
  const { database, signInLimit } = deps;
  const { email, address, device } = request;
  const limited = await signInLimit.attempt(email, address);
  if (isRefused(limited)) return limited;
  const admitted = await deps.signInSlowdown.attempt(email, device);
  if (isRefused(admitted)) return admitted;
  if (admitted.attackedBy !== undefined) {
    deps.onSignInAttack(accountLabel(email), admitted.attackedBy);
    // one statement whether or not there is such an account
    await publishAttack(database, email, { failures: admitted.attackedBy, withinMinutes: slowdownWindowSeconds / 60 });
  }
  // the primary: the replica may not have a new account yet, and no session says how far it must be
  const account = await findAccount(database, email);
  const right = await deps.passwords.verify(account?.passwordHash, request.password);
  if (account === undefined || !right) return refused('wrong_credentials');
  await admitted.succeeded();
  await signInLimit.succeeded(email, address);
  return account.principal;
}
