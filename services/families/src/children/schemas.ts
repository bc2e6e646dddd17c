import { id } from '@homeroom/chassis';
import { z } from 'zod';
import { child, newChild } from '../families/schemas.ts';

export const childPatch = newChild.partial();
export const childParams = z.strictObject({ familyId: id, childId: id });

/** A child on its own also says which version of the family it belongs to. */
export const childOfFamily = child
  .extend({ familyId: z.uuid(), familyVersion: z.int().positive() })
  .meta({ id: 'ChildOfFamily' });
