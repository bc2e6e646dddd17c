import type { Principal } from '@homeroom/sessions';
import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { accountLabel, slowdownWindowSeconds } from './sign-in-slowdown.ts';
import { findAccount, publishAttack } from './store.ts';

/**
 * Finds out whom credentials belong to. An unknown email, a wrong password and an account without a password take the
 * same time and give the same answer.
 * @param device names a device that has signed in to this account before.
 * @throws {Problem} `wrong_credentials`, `too_many_attempts`, `passwords_busy`
 */
export async function checkCredentials(
  {
    database,
    passwords,
    signInLimit,
    signInSlowdown,
    onSignInAttack,
  }: Pick<Deps, 'database' | 'passwords' | 'signInLimit' | 'signInSlowdown' | 'onSignInAttack'>,
  {
    email,
    password,
    address,
    device,
  }: { email: string; password: string; address: string; device?: string | undefined },
): Promise<Principal> {
  await signInLimit.attempt(email, address);
  const admitted = await signInSlowdown.attempt(email, device);
  if (admitted.attackedBy !== undefined) {
    onSignInAttack(accountLabel(email), admitted.attackedBy);
    // one statement whether or not there is such an account
    await publishAttack(database, email, { failures: admitted.attackedBy, withinMinutes: slowdownWindowSeconds / 60 });
  }
  // the primary: whoever registered a moment ago is not on the replica yet, and no session tells us so
  const account = await findAccount(database, email);
  const right = await passwords.verify(account?.passwordHash, password);
  if (account === undefined || !right) throw errors.problem('wrong_credentials');
  await admitted.succeeded();
  await signInLimit.succeeded(email, address);
  return account.principal;
}
