import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { email, newPassword, password } from '../credentials/schemas.ts';

/** Only bounded: the rules may have changed since the password was set. */
const currentPassword = password.min(1);

/** Only bounded: what is not a token gets the same answer as an unknown one. */
const token = z.string().min(1).max(200);

const principal = z.object({
  accountId: z.uuid(),
  role: z.enum(['guardian', 'coordinator', 'operator']),
  familyId: z.uuid().optional(),
});

const times = { createdAt: z.iso.datetime(), expiresAt: z.iso.datetime() };

const mySessions = z
  .object({
    principal,
    expiresAt: times.expiresAt,
    sessions: z.array(z.object({ id: z.string(), ...times, current: z.boolean() })),
  })
  .meta({ id: 'MySessions' });

export const signInOperation = {
  tags: ['sessions'],
  summary: 'Sign in',
  body: z.strictObject({ email, password: currentPassword }),
  response: { 201: z.object({ principal, expiresAt: times.expiresAt }).meta({ id: 'SignedIn' }) },
  sends: ['set-cookie'],
  problems: [
    'wrong_credentials',
    'too_many_attempts',
    'passwords_busy',
    'sessions_unavailable',
    'unknown_host',
    'coop_suspended',
  ],
} satisfies FastifySchema;

export const mySessionsOperation = {
  tags: ['sessions'],
  summary: 'Who am I, and where else am I signed in?',
  response: { 200: mySessions },
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const signOutOperation = {
  tags: ['sessions'],
  summary: 'Sign out, here or everywhere',
  querystring: z.strictObject({ everywhere: z.enum(['true', 'false']).default('false') }),
  response: { 204: z.null().describe('Signed out') },
  sends: ['set-cookie'],
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const requestVerificationOperation = {
  tags: ['accounts'],
  summary: 'Send the verification mail of my address again',
  body: z.strictObject({}).nullish(),
  response: { 202: z.object({}).describe('A mail will be sent') },
  problems: ['unauthenticated', 'already_verified', 'too_many_mails', 'sessions_unavailable'],
} satisfies FastifySchema;

export const confirmVerificationOperation = {
  tags: ['accounts'],
  summary: 'Verify an address by the token of its mail',
  body: z.strictObject({ token }),
  response: { 204: z.null().describe('The address is verified') },
  problems: ['token_invalid', 'sessions_unavailable'],
} satisfies FastifySchema;

export const requestResetOperation = {
  tags: ['accounts'],
  summary: 'Send a mail with a link to set a new password, if the address has an account',
  body: z.strictObject({ email }),
  response: { 202: z.object({}).describe('Accepted, whether or not the address has an account') },
} satisfies FastifySchema;

export const confirmResetOperation = {
  tags: ['accounts'],
  summary: 'Set a new password by the token of its mail',
  body: z.strictObject({ token, password: newPassword }),
  response: { 204: z.null().describe('The password is set, the address verified, every session ended') },
  sends: ['set-cookie'],
  problems: ['token_invalid', 'passwords_busy', 'sessions_unavailable'],
} satisfies FastifySchema;

export const changePasswordOperation = {
  tags: ['accounts'],
  summary: 'Change my password and end my other sessions',
  body: z.strictObject({ currentPassword, password: newPassword }),
  response: { 204: z.null().describe('The password is changed; this session goes on with a new cookie') },
  sends: ['set-cookie'],
  problems: ['unauthenticated', 'wrong_password', 'too_many_attempts', 'passwords_busy', 'sessions_unavailable'],
} satisfies FastifySchema;
