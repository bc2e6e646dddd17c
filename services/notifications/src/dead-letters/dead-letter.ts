import { firstCoopId, topics } from '@homeroom/contracts';
import type { IncomingMessage } from '@homeroom/kafka';
import { z } from 'zod';
import { oneLine } from '../wording/one-line.ts';

/** A message that exhausted its tries, with all that is known about why. */
export interface DeadLetter {
  readonly topic: string;
  /** Its own place in the dead letter topic: with the topic, its identity. */
  readonly partition: number;
  readonly offset: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** The original ones, in order, base64 each. */
  readonly headers: readonly (readonly [name: string, base64: string])[];
  readonly reason: string;
  readonly consumerGroup: string;
  readonly eventType: string | null;
  readonly eventId: string | null;
  /** Why it can never be replayed; null when it can. */
  readonly obstacle: string | null;
  readonly failedAt: Date;
}

const knownTopics: readonly string[] = Object.values(topics);

/** Columns of type text hold neither NUL nor half a character. */
const isText = (bytes: Buffer): boolean => !bytes.includes(0) && Buffer.from(bytes.toString('utf8')).equals(bytes);

/** What the outbox could not carry unchanged: it holds text keys and headers, as all our events have. */
function obstacleOf({ topic, key, value, headers }: Pick<DeadLetter, 'topic' | 'key' | 'value' | 'headers'>) {
  if (!knownTopics.includes(topic)) return 'its topic is not one of ours';
  if (value === null) return 'it has no value';
  if (key === null || !isText(key)) return 'its key is not text';
  const bad = headers.find(([name, base64]) => !isText(Buffer.from(name)) || !isText(Buffer.from(base64, 'base64')));
  return bad === undefined ? null : `its header “${oneLine(bad[0], 60)}” is not text`;
}

const uuid = z.uuid();

/** Whose dead letter a message is: of the co-op that it names, of the first one when it names none. */
export const coopOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string =>
  uuid.safeParse(headers['ce_coopid']).data ?? firstCoopId;

/**
 * Reads a message of a `.dlq` topic. It accepts what any program may have put there, `dlq_*` headers or not, and never
 * throws: `fromDeadLetter` would skip such a message, which must be stored all the same.
 */
export function readDeadLetter(message: IncomingMessage): DeadLetter {
  const { partition, offset, key, value, headers, timestampMs } = message;
  const topic = message.topic.replace(/\.dlq$/, '');
  const original = Object.entries(message.rawHeaders)
    .filter(([name]) => !name.startsWith('dlq_'))
    .map(([name, bytes]) => [name, bytes.toString('base64')] as const);
  const header = (name: string, limit: number): string | null =>
    headers[name] === undefined ? null : oneLine(headers[name], limit);
  const failedAt = new Date(headers['dlq_time'] ?? timestampMs);
  return {
    topic,
    partition,
    offset,
    key,
    value,
    headers: original,
    reason: header('dlq_reason', 1_000) ?? 'not given',
    consumerGroup: header('dlq_group', 200) ?? 'not given',
    eventType: header('ce_type', 200),
    eventId: header('ce_id', 200),
    obstacle: obstacleOf({ topic, key, value, headers: original }),
    failedAt: Number.isNaN(failedAt.getTime()) ? new Date(timestampMs) : failedAt,
  };
}
