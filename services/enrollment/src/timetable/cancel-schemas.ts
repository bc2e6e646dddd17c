import { text } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { canceled, classParams } from '../classes/schemas.ts';

const cancellation = z.strictObject({ reason: text(500).describe('For the families: it is in their mail') });

const canceledClass = z.object({ id: z.uuid(), version: z.int(), title: z.string(), canceled });
export type CanceledClass = Readonly<z.infer<typeof canceledClass>>;

export const cancelOperation = {
  tags: ['classes'],
  summary: 'Cancel a class (coordinator): everyone is notified, paid seats are refunded; again changes nothing',
  params: classParams,
  body: cancellation,
  response: { 200: canceledClass },
  sends: ['etag'],
  problems: ['unauthenticated', 'forbidden_role', 'class_not_found', 'class_ended'],
} satisfies FastifySchema;
