import { id, text } from '@homeroom/chassis';
import { z } from 'zod';
import { birthDateMistake } from './birth-date.ts';

export const birthDate = z.iso
  .date('must be a real day, such as 2017-04-02')
  .superRefine((day, ctx) => {
    const mistake = birthDateMistake(day, new Date());
    if (mistake !== undefined) ctx.addIssue({ code: 'custom', message: mistake });
  })
  .describe('Not in the future, and at most 25 years ago');

export const newChild = z.strictObject({ name: text(200), birthDate });
export const childPatch = newChild.partial();
export const childParams = z.strictObject({ familyId: id, childId: id });

export const child = z.object({ id: z.uuid(), name: z.string(), birthDate: z.iso.date() }).meta({ id: 'Child' });

/** A child on its own also says which version of the family it belongs to. */
export const childOfFamily = child
  .extend({ familyId: z.uuid(), familyVersion: z.int().positive() })
  .meta({ id: 'ChildOfFamily' });
