import type { Database } from '@homeroom/postgres';
import type { Principal } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import type { Passwords } from './passwords.ts';
import type { SignInLimit } from './sign-in-limit.ts';
import { findAccount } from './store.ts';

/**
 * Finds out whom credentials belong to. An unknown email, a wrong password and an account without a password take the
 * same time and give the same answer.
 * @throws {Problem} `wrong_credentials`, `too_many_attempts`, `passwords_busy`
 */
export async function checkCredentials(
  { database, passwords, signInLimit }: { database: Database; passwords: Passwords; signInLimit: SignInLimit },
  { email, password, address }: { email: string; password: string; address: string },
): Promise<Principal> {
  await signInLimit.attempt(email, address);
  // the primary: whoever registered a moment ago is not on the replica yet, and no session tells us so
  const account = await findAccount(database, email);
  const right = await passwords.verify(account?.passwordHash, password);
  if (account === undefined || !right) throw errors.problem('wrong_credentials');
  await signInLimit.succeeded(email, address);
  return account.principal;
}
