import { errors } from '../errors.ts';
import { isOwnEmail } from './password-rules.ts';
import { ownEmailRefused } from './schemas.ts';

/**
 * Where the address is known only after the body was validated.
 * @throws {Problem} `validation_failed`
 */
export function refuseOwnEmail(password: string, email: string): void {
  if (!isOwnEmail(password, email)) return;
  throw errors.problem('validation_failed', undefined, {
    errors: [{ in: 'body', field: 'password', message: ownEmailRefused }],
  });
}
