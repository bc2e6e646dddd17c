import { id, idempotencyHeaders, ifMatchHeaders, text } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { email, newPassword, ownEmailRefused, ownNameRefused } from '../credentials/schemas.ts';
import { birthDateMistake } from './birth-date.ts';
import { isOwnName } from './own-name.ts';

export const maxChildren = 20;

export const birthDate = z.iso
  .date('must be a real day, such as 2017-04-02')
  .superRefine((day, ctx) => {
    const mistake = birthDateMistake(day, new Date());
    if (mistake !== undefined) ctx.addIssue({ code: 'custom', message: mistake });
  })
  .describe('Not in the future, and at most 25 years ago');

export const newChild = z.strictObject({ name: text(200), birthDate });
export type NewChild = Readonly<z.infer<typeof newChild>>;

export const child = z.object({ id: z.uuid(), name: z.string(), birthDate: z.iso.date() }).meta({ id: 'Child' });
export type Child = Readonly<z.infer<typeof child>>;

const phone = text(40);

const address = z
  .strictObject({
    street: text(200),
    city: text(200),
    postalCode: text(20),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
  })
  .partial()
  .refine((given) => (given.latitude === undefined) === (given.longitude === undefined), {
    message: 'latitude and longitude must be given together',
    path: ['latitude'],
  });

export const registration = z
  .strictObject({
    name: text(200),
    guardian: z
      .strictObject({ name: text(200), email, password: newPassword, phone: phone.optional() })
      .refine((given) => !isOwnEmail(given.password, given.email), { message: ownEmailRefused, path: ['password'] }),
    address: address.optional(),
    children: z.array(newChild).max(maxChildren, `must be at most ${maxChildren}`).optional(),
  })
  .refine(({ name, guardian }) => !isOwnName(guardian.password, [name, guardian.name]), {
    message: ownNameRefused,
    path: ['guardian', 'password'],
  });
export type Registration = z.infer<typeof registration>;

const familyPatch = z.strictObject({
  name: text(200).optional(),
  /** Replaces the whole address; null removes it. */
  address: address.nullable().optional(),
  guardians: z
    .array(z.strictObject({ id, name: text(200).optional(), phone: phone.nullable().optional() }))
    .max(10)
    .optional(),
});
export type FamilyPatch = Readonly<z.infer<typeof familyPatch>>;

export const familyParams = z.strictObject({ familyId: id });

export const family = z
  .object({
    id: z.uuid(),
    /** 1, 2, 3 …: one more with every change. */
    version: z.int().positive(),
    name: z.string(),
    address: z
      .object({
        street: z.string(),
        city: z.string(),
        postalCode: z.string(),
        latitude: z.number(),
        longitude: z.number(),
      })
      .partial()
      .optional(),
    guardians: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        email: z.string(),
        /** Confirmed by mail, or vouched for by a coordinator. */
        emailVerified: z.boolean(),
        phone: z.string().optional(),
      }),
    ),
    children: z.array(child),
  })
  .meta({ id: 'Family' });
export type Family = Readonly<z.infer<typeof family>>;

const tags = ['families'];

export const registerOperation = {
  tags,
  summary: 'Register a family',
  headers: idempotencyHeaders,
  body: registration,
  response: { 201: family },
  sends: ['etag', 'location'],
  problems: ['email_taken', 'child_exists', 'passwords_busy'],
} satisfies FastifySchema;

export const readOperation = {
  tags,
  summary: 'Read a family',
  params: familyParams,
  response: { 200: family },
  problems: ['unauthenticated', 'family_not_found'],
} satisfies FastifySchema;

export const changeOperation = {
  tags,
  summary: 'Change a family’s name, address, or guardians',
  params: familyParams,
  headers: ifMatchHeaders,
  body: familyPatch,
  response: { 200: family },
  sends: ['etag'],
  problems: ['unauthenticated', 'family_not_found', 'guardian_not_found'],
} satisfies FastifySchema;
