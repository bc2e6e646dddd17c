import { refused, type Refused } from '@homeroom/chassis';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { ownEmailRefused } from '../credentials/schemas.ts';

/** Refuses the account's own address as its password, where the address is known only after the body was validated. */
export function ownEmail(password: string, email: string): Refused<never> | undefined {
  if (!isOwnEmail(password, email)) return undefined;
  return refused('validation_failed', undefined, {
    errors: [{ in: 'body', field: 'password', message: ownEmailRefused }],
  });
}
