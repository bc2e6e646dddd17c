import { id, idempotencyHeaders, ifMatchHeaders } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { child, familyParams, newChild } from '../families/schemas.ts';

const childParams = z.strictObject({ familyId: id, childId: id });

/** A child on its own also says which version of the family it belongs to. */
const childOfFamily = child
  .extend({ familyId: z.uuid(), familyVersion: z.int().positive() })
  .meta({ id: 'ChildOfFamily' });
export type ChildOfFamily = Readonly<z.infer<typeof childOfFamily>>;

const tags = ['children'];

export const addOperation = {
  tags,
  summary: 'Add a child',
  params: familyParams,
  headers: idempotencyHeaders.extend(ifMatchHeaders.shape),
  body: newChild,
  response: { 201: childOfFamily },
  sends: ['etag'],
  problems: ['unauthenticated', 'family_not_found', 'child_exists', 'too_many_children'],
} satisfies FastifySchema;

export const changeOperation = {
  tags,
  summary: 'Change a child',
  params: childParams,
  headers: ifMatchHeaders,
  body: newChild.partial(),
  response: { 200: childOfFamily },
  sends: ['etag'],
  problems: ['unauthenticated', 'family_not_found', 'child_not_found', 'child_exists'],
} satisfies FastifySchema;

export const removeOperation = {
  tags,
  summary: 'Remove a child',
  params: childParams,
  headers: ifMatchHeaders,
  response: { 204: z.null().describe('Removed') },
  sends: ['etag'],
  problems: ['unauthenticated', 'family_not_found', 'child_not_found'],
} satisfies FastifySchema;
