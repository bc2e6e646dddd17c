import { cursorParameter, limitParameter, pageOf, text } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { family } from '../families/schemas.ts';
import { nearPattern, parseNear } from './near.ts';

const familyQuery = z.strictObject({
  q: text(100).optional().describe('Beginnings of names: of the family, its guardians, its children'),
  near: z
    .string()
    .regex(
      nearPattern,
      'must be latitude,longitude or latitude,longitude,kilometers (up to 500), such as 44.97,-93.26,10',
    )
    .optional()
    .meta({
      description: 'lat,lon in degrees, or lat,lon,km (up to 500, 25 if not given): nearest first',
      examples: ['44.97,-93.26,10'],
    })
    .transform((value) => (value === undefined ? undefined : parseNear(value))),
  limit: limitParameter,
  cursor: cursorParameter,
});
export type FamilyQuery = Readonly<z.infer<typeof familyQuery>>;

const familyPage = pageOf(family.extend({ distanceKm: z.number().optional() })).meta({ id: 'FamilyPage' });
export type FamilyPage = Readonly<z.infer<typeof familyPage>>;

export const searchOperation = {
  tags: ['families'],
  summary: 'Search families (coordinators)',
  querystring: familyQuery,
  response: { 200: familyPage },
  problems: ['unauthenticated', 'forbidden_role'],
} satisfies FastifySchema;
