import { emailAddress } from '@homeroom/contracts';
import { z } from 'zod';
import { isCommon } from './password-rules.ts';

/** The mailer's own rule: the owner of an address that it cannot write to would miss all mails. */
export const email = z
  .email({ pattern: emailAddress, error: 'must be an email address' })
  .max(254)
  .overwrite((value) => value.toLowerCase());

const advice = 'use several words that have nothing to do with each other';

/** Composed (NFC), so that a password typed on another keyboard is the same password. */
export const password = z
  .string()
  .overwrite((value) => value.normalize('NFC'))
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')
  .max(256);

/** NIST SP 800-63B: a minimum length, none of the passwords that are tried first, no composition rules. */
export const newPassword = password
  .min(8)
  .refine((value) => !isCommon(value), `must not be one of the most common passwords: ${advice}`);

export const ownEmailRefused = `must not be the email address, or the part before the @: ${advice}`;
