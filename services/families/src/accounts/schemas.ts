import { emailAddress } from '@homeroom/contracts';
import { z } from 'zod';
import { isCommon } from './password-rules.ts';

/** The rule of the mailer: an address that could not be written to would leave its owner without mails, and unaware of it. */
export const email = z
  .email({ pattern: emailAddress, error: 'must be an email address' })
  .max(254)
  .overwrite((value) => value.toLowerCase());

const advice = 'use several words that have nothing to do with each other';

/** Composed, so that a password typed on another keyboard is the same password; otherwise untouched. */
const password = z
  .string()
  .overwrite((value) => value.normalize('NFC'))
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode')
  .max(256);

/** NIST SP 800-63B: a least length, none of the passwords that are tried first, no rules of composition. */
export const newPassword = password
  .min(8)
  .refine((value) => !isCommon(value), `must not be one of the most common passwords: ${advice}`);

export const ownEmailRefused = `must not be the email address, or the part before the @: ${advice}`;

/** What is presented is only bounded: rules may change after a password was set. */
export const credentials = z.strictObject({ email, password: password.min(1) });

const principal = z.object({
  accountId: z.uuid(),
  role: z.enum(['guardian', 'coordinator']),
  familyId: z.uuid().optional(),
});

export const signedIn = z.object({ principal, expiresAt: z.iso.datetime() }).meta({ id: 'SignedIn' });

export const mySessions = z
  .object({
    principal,
    expiresAt: z.iso.datetime(),
    sessions: z.array(
      z.object({ id: z.string(), createdAt: z.iso.datetime(), expiresAt: z.iso.datetime(), current: z.boolean() }),
    ),
  })
  .meta({ id: 'MySessions' });

export const signOutQuery = z.strictObject({ everywhere: z.enum(['true', 'false']).default('false') });

/** Only bounded: whatever is no token is answered as one that is unknown. */
const token = z.string().min(1).max(200);

export const tokenGiven = z.strictObject({ token });
export const nothingGiven = z.strictObject({}).nullish();
export const resetRequest = z.strictObject({ email });
export const resetConfirmation = z.strictObject({ token, password: newPassword });
export const passwordChange = z.strictObject({ currentPassword: password.min(1), password: newPassword });
