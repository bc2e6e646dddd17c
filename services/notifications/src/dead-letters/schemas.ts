import { cursorParameter, id, limitParameter, pageOf } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import type { DeadLetterSummary, StoredDeadLetter } from './store.ts';

export const deadLetterCursor = z.strictObject({ deadLetter: z.uuid() });

const deadLetterItem = z.object({
  id: z.uuid(),
  topic: z.string(),
  partition: z.int(),
  offset: z.string(),
  reason: z.string(),
  consumerGroup: z.string(),
  eventType: z.string().optional(),
  eventId: z.string().optional(),
  /** Why it can never be replayed. */
  obstacle: z.string().optional(),
  failedAt: z.iso.datetime(),
  status: z.enum(['open', 'replayed']),
  replayedAt: z.iso.datetime().optional(),
  replayedBy: z.string().optional(),
});

/** One with its message. Bytes are base64: they may be anything. */
const deadLetterWhole = deadLetterItem.extend({
  key: z.base64().optional(),
  value: z.base64().optional(),
  headers: z.array(z.object({ name: z.string(), value: z.base64() })),
});

const tags = ['dead letters'];
const forCoordinators = ['unauthenticated', 'forbidden_role'];
const params = z.strictObject({ id });

export const listOperation = {
  tags,
  summary: 'Messages that exhausted their tries, newest first',
  querystring: z.strictObject({
    topic: z.enum(Object.values(topics) as [string, ...string[]]).optional(),
    reason: z.string().min(1).max(200).optional().describe('part of the reason, in any case'),
    status: z.enum(['open', 'replayed']).optional(),
    limit: limitParameter,
    cursor: cursorParameter,
  }),
  response: { 200: pageOf(deadLetterItem) },
  problems: forCoordinators,
} satisfies FastifySchema;

export const readOperation = {
  tags,
  summary: 'One, with its message in base64',
  params,
  response: { 200: deadLetterWhole },
  problems: [...forCoordinators, 'dead_letter_not_found'],
} satisfies FastifySchema;

export const replayOperation = {
  tags,
  summary: 'Publish it to its topic again, byte for byte',
  params,
  response: { 204: z.void().describe('Published') },
  problems: [...forCoordinators, 'dead_letter_not_found', 'dead_letter_replayed', 'dead_letter_not_replayable'],
} satisfies FastifySchema;

export const presentItem = (letter: DeadLetterSummary): z.infer<typeof deadLetterItem> => ({
  ...letter,
  eventType: letter.eventType ?? undefined,
  eventId: letter.eventId ?? undefined,
  obstacle: letter.obstacle ?? undefined,
  failedAt: letter.failedAt.toISOString(),
  status: letter.replayedAt === null ? 'open' : 'replayed',
  replayedAt: letter.replayedAt?.toISOString(),
  replayedBy: letter.replayedBy ?? undefined,
});

export const presentWhole = (letter: StoredDeadLetter): z.infer<typeof deadLetterWhole> => ({
  ...presentItem(letter),
  key: letter.key?.toString('base64'),
  value: letter.value?.toString('base64'),
  headers: letter.headers.map(([name, value]) => ({ name, value })),
});
