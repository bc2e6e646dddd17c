import { topics } from '@homeroom/contracts';
import type { IncomingMessage } from '@homeroom/kafka';
import { oneLine } from '../wording/one-line.ts';

/** A message that no retry could help, and all that is known about why. */
export interface DeadLetter {
  /** The topic it came from. */
  readonly topic: string;
  /** Where the dead letter lies: with the topic, its identity. */
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

/** What an event cannot be put into the outbox with: it is made for text keys and headers, as all of ours are. */
function obstacleOf({
  topic,
  key,
  value,
  headers,
}: Pick<DeadLetter, 'topic' | 'key' | 'value' | 'headers'>): string | null {
  if (!knownTopics.includes(topic)) return 'its topic is not one of ours';
  if (value === null) return 'it has no value';
  if (key === null || !isText(key)) return 'its key is not text';
  const bad = headers.find(([name, base64]) => !isText(Buffer.from(name)) || !isText(Buffer.from(base64, 'base64')));
  return bad === undefined ? null : `its header “${oneLine(bad[0], 60)}” is not text`;
}

/** Reads a message of a `.dlq` topic. It takes whatever anybody may have put there, and never throws. */
export function readDeadLetter({
  topic: dlqTopic,
  partition,
  offset,
  key,
  value,
  headers,
  rawHeaders,
  timestampMs,
}: IncomingMessage): DeadLetter {
  const topic = dlqTopic.replace(/\.dlq$/, '');
  const original = Object.entries(rawHeaders)
    .filter(([name]) => !name.startsWith('dlq_'))
    .map(([name, bytes]) => [name, bytes.toString('base64')] as const);
  const told = (name: string, limit: number): string | null =>
    headers[name] === undefined ? null : oneLine(headers[name], limit);
  const failedAt = new Date(headers['dlq_time'] ?? timestampMs);
  return {
    topic,
    partition,
    offset,
    key,
    value,
    headers: original,
    reason: told('dlq_reason', 1_000) ?? 'not given',
    consumerGroup: told('dlq_group', 200) ?? 'not given',
    eventType: told('ce_type', 200),
    eventId: told('ce_id', 200),
    obstacle: obstacleOf({ topic, key, value, headers: original }),
    failedAt: Number.isNaN(failedAt.getTime()) ? new Date(timestampMs) : failedAt,
  };
}
