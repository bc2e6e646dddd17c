import { text } from '@homeroom/chassis';
import { z } from 'zod';
import { family } from '../families/schemas.ts';
import { parseNear } from './near.ts';

export const familyQuery = z.strictObject({
  q: text(100).optional().describe('Beginnings of names: of the family, its guardians, its children'),
  near: z
    .string()
    .max(60)
    .refine((given) => parseNear(given) !== undefined, 'must be lat,lon or lat,lon,km with km up to 500')
    .optional()
    .meta({ description: 'lat,lon or lat,lon,km (25 if not given): nearest first', examples: ['44.97,-93.26,10'] }),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(1_000).optional(),
});

export const familyPage = z
  .object({ items: z.array(family.extend({ distanceKm: z.number().optional() })), nextCursor: z.string().optional() })
  .meta({ id: 'FamilyPage' });
