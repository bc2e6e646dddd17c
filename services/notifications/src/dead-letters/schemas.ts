import { cursorParameter, id, limitParameter } from '@homeroom/chassis';
import { topics } from '@homeroom/contracts';
import { z } from 'zod';
import type { DeadLetterSummary, StoredDeadLetter } from './store.ts';

const topic = z.enum(Object.values(topics) as [string, ...string[]]);

export const deadLetterQuery = z.strictObject({
  topic: topic.optional(),
  reason: z.string().min(1).max(200).optional().describe('part of the reason, in any case'),
  status: z.enum(['open', 'replayed']).optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});

export const deadLetterCursor = z.strictObject({ deadLetter: z.uuid() });

export const deadLetterParams = z.strictObject({ id });

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

export const deadLetterList = z.object({ items: z.array(deadLetterItem), nextCursor: z.string().optional() });

/** One with its message. Bytes are base64: they may be anything. */
export const deadLetterWhole = deadLetterItem.extend({
  key: z.base64().optional(),
  value: z.base64().optional(),
  headers: z.array(z.object({ name: z.string(), value: z.base64() })),
});

export function presentItem(letter: DeadLetterSummary): z.infer<typeof deadLetterItem> {
  const { id, topic, partition, offset, reason, consumerGroup, eventType, eventId, obstacle, failedAt } = letter;
  return {
    id,
    topic,
    partition,
    offset,
    reason,
    consumerGroup,
    ...(eventType === null ? {} : { eventType }),
    ...(eventId === null ? {} : { eventId }),
    ...(obstacle === null ? {} : { obstacle }),
    failedAt: failedAt.toISOString(),
    status: letter.replayedAt === null ? 'open' : 'replayed',
    ...(letter.replayedAt === null ? {} : { replayedAt: letter.replayedAt.toISOString() }),
    ...(letter.replayedBy === null ? {} : { replayedBy: letter.replayedBy }),
  };
}

export const presentWhole = (letter: StoredDeadLetter): z.infer<typeof deadLetterWhole> => ({
  ...presentItem(letter),
  ...(letter.key === null ? {} : { key: letter.key.toString('base64') }),
  ...(letter.value === null ? {} : { value: letter.value.toString('base64') }),
  headers: (JSON.parse(letter.headers) as [string, string][]).map(([name, value]) => ({ name, value })),
});
