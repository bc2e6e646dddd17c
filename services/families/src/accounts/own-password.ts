import { refused, type Refused } from '@homeroom/chassis';
import type { CoopQueryable } from '@homeroom/postgres';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { ownEmailRefused, ownNameRefused } from '../credentials/schemas.ts';
import { isOwnName } from '../families/own-name.ts';
import { findNames, type Account } from './store.ts';

/** Refuses what is tried first for an account as its password, where the account is known only after the body was validated. */
export async function ownPassword(
  db: CoopQueryable,
  password: string,
  { email, principal }: Account,
): Promise<Refused<never> | undefined> {
  if (isOwnEmail(password, email)) return refusePassword(ownEmailRefused);
  const names = await findNames(db, principal.accountId);
  return isOwnName(password, names) ? refusePassword(ownNameRefused) : undefined;
}

const refusePassword = (message: string): Refused<never> =>
  refused('validation_failed', undefined, { errors: [{ in: 'body', field: 'password', message }] });
