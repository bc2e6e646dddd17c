import { emailAddress, normalizedEmail } from '@homeroom/contracts';
import { z } from 'zod';
import { isCommon } from './password-rules.ts';

/** Only the domain may have letters of every script: it has a form in ASCII that each mail server knows. */
const emailMistake = (given: string): string =>
  /[^\x20-\x7e]/.test(given.slice(0, Math.max(0, given.lastIndexOf('@'))))
    ? "must have only the letters a to z, digits, and . _ ' + - before the @"
    : 'must be an email address, such as ngozi@example.org';

/**
 * An address, whichever way it is written, in the one spelling in which it is stored. The mailer's own rule: the owner of an
 * address that it cannot write to would miss all mails.
 */
export const email = z
  .string()
  .overwrite(normalizedEmail)
  .refine((address) => emailAddress.test(address), { error: ({ input }) => emailMistake(String(input)) })
  .meta({
    format: 'email',
    maxLength: 254,
    description: 'Spaces around it are ignored; an internationalized domain is stored in ASCII',
  });

const advice = 'use several words that have nothing to do with each other';

/** Composed (NFC), so that a password typed on another keyboard is the same password. */
export const password = z
  .string()
  .overwrite((value) => value.normalize('NFC'))
  .refine((value) => value.isWellFormed(), 'contains a character that cannot be used')
  .max(256);

/** NIST SP 800-63B: a minimum length, none of the passwords that are tried first, no composition rules. */
export const newPassword = password
  .min(8)
  .refine((value) => !isCommon(value), `must not be one of the most common passwords: ${advice}`);

export const ownEmailRefused = `must not be the email address, or the part before the @: ${advice}`;
export const ownNameRefused = `must not be your own name or the family’s: ${advice}`;
