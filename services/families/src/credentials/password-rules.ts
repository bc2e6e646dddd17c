import { normalizedEmail } from '@homeroom/contracts';
import { commonPasswords } from './common-passwords.ts';

/** One scan of 0.2 MB, about a thousandth of what a password's hash costs; a set would take ten times the memory. */
export const isCommon = (password: string): boolean =>
  !password.includes(' ') && commonPasswords.includes(` ${password.toLowerCase()} `);

/** Whether a password is the account's address, or the part before the @: what is tried first for one account. */
export function isOwnEmail(password: string, email: string): boolean {
  const given = normalizedEmail(password);
  return given === email || given === email.slice(0, email.lastIndexOf('@'));
}
