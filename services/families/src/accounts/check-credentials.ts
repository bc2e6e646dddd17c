import { isRefused, refused, type Refused } from '@homeroom/chassis';
import type { Principal } from '@homeroom/sessions';
import { coopIdOf } from '../coops/own-coop.ts';
import type { AccountDeps } from './deps.ts';
import { accountLabel, slowdownWindowSeconds } from './sign-in-slowdown.ts';
import { findAccount, publishAttack } from './store.ts';

/**
 * Finds the account of credentials: one of the co-op, or an operator's. An unknown email, a wrong password and an account without a password take the same time
 * and give the same answer.
 * @param request.coopId of the host. @param request.device names a device that has signed in to this account before.
 * @throws {Problem} `passwords_busy`, `sessions_unavailable`
 */
export async function checkCredentials(
  deps: Pick<AccountDeps, 'database' | 'passwords' | 'signInLimit' | 'signInSlowdown' | 'onSignInAttack'>,
  request: { coopId: string; email: string; password: string; address: string; device: string | undefined },
): Promise<Principal | Refused<'wrong_credentials' | 'too_many_attempts'>> {
  const { database, signInLimit } = deps;
  const { coopId, email, address, device } = request;
  const limited = await signInLimit.attempt({ coopId, email }, address);
  if (isRefused(limited)) return limited;
  // the primary: the replica may not have a new account yet, and no session says how far it must be
  const account = await findAccount(database.ofCoop(coopId), email);
  // attempts on an operator's account count together, whichever host they come to
  const counted = { coopId: account === undefined ? coopId : coopIdOf(account.principal), email };
  const admitted = await deps.signInSlowdown.attempt(counted, device);
  if (isRefused(admitted)) return admitted;
  if (admitted.attackedBy !== undefined) {
    deps.onSignInAttack(accountLabel(counted), admitted.attackedBy);
    // one statement whether or not there is such an account
    await publishAttack(database.ofCoop(counted.coopId), email, {
      failures: admitted.attackedBy,
      withinMinutes: slowdownWindowSeconds / 60,
    });
  }
  const right = await deps.passwords.verify(account?.passwordHash, request.password);
  if (account === undefined || !right) return refused('wrong_credentials');
  await admitted.succeeded();
  await signInLimit.succeeded({ coopId, email }, address);
  return account.principal;
}
