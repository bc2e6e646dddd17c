import { id, text } from '@homeroom/chassis';
import { z } from 'zod';
import { isOwnEmail } from '../credentials/password-rules.ts';
import { email, newPassword, ownEmailRefused } from '../credentials/schemas.ts';
import { birthDateMistake } from './birth-date.ts';
import { maxChildren } from './family.ts';

export const birthDate = z.iso
  .date('must be a real day, such as 2017-04-02')
  .superRefine((day, ctx) => {
    const mistake = birthDateMistake(day, new Date());
    if (mistake !== undefined) ctx.addIssue({ code: 'custom', message: mistake });
  })
  .describe('Not in the future, and at most 25 years ago');

export const newChild = z.strictObject({ name: text(200), birthDate });

export const child = z.object({ id: z.uuid(), name: z.string(), birthDate: z.iso.date() }).meta({ id: 'Child' });

const phone = text(40);

const address = z
  .strictObject({
    street: text(200).optional(),
    city: text(200).optional(),
    postalCode: text(20).optional(),
    latitude: z.number().min(-90).max(90).optional(),
    longitude: z.number().min(-180).max(180).optional(),
  })
  .refine((given) => (given.latitude === undefined) === (given.longitude === undefined), {
    message: 'latitude and longitude come together',
    path: ['latitude'],
  });

export const registration = z.strictObject({
  name: text(200),
  guardian: z
    .strictObject({ name: text(200), email, password: newPassword, phone: phone.optional() })
    .refine((given) => !isOwnEmail(given.password, given.email), { message: ownEmailRefused, path: ['password'] }),
  address: address.optional(),
  children: z.array(newChild).max(maxChildren).optional(),
});
export type Registration = z.infer<typeof registration>;

export const familyPatch = z.strictObject({
  name: text(200).optional(),
  /** Replaces the whole address; null removes it. */
  address: address.nullable().optional(),
  guardians: z
    .array(z.strictObject({ id, name: text(200).optional(), phone: phone.nullable().optional() }))
    .max(10)
    .optional(),
});

export const familyParams = z.strictObject({ familyId: id });

export const family = z
  .object({
    id: z.uuid(),
    version: z.int().positive(),
    name: z.string(),
    address: z
      .object({
        street: z.string().optional(),
        city: z.string().optional(),
        postalCode: z.string().optional(),
        latitude: z.number().optional(),
        longitude: z.number().optional(),
      })
      .optional(),
    guardians: z.array(
      z.object({
        id: z.uuid(),
        name: z.string(),
        email: z.string(),
        emailVerified: z.boolean(),
        phone: z.string().optional(),
      }),
    ),
    children: z.array(child),
  })
  .meta({ id: 'Family' });
