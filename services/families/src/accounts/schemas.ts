import { z } from 'zod';
import { email, newPassword, password } from '../credentials/schemas.ts';

/** Only bounded: the rules may have changed since the password was set. */
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

/** Only bounded: what is not a token gets the same answer as an unknown one. */
const token = z.string().min(1).max(200);

export const tokenGiven = z.strictObject({ token });
export const nothingGiven = z.strictObject({}).nullish();
export const resetRequest = z.strictObject({ email });
export const resetConfirmation = z.strictObject({ token, password: newPassword });
export const passwordChange = z.strictObject({ currentPassword: password.min(1), password: newPassword });
