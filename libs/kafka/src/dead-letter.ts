import { deadLetterTopic } from '@homeroom/contracts';
import { inspect } from 'node:util';
import type { IncomingMessage, OutgoingMessage } from './types.ts';

const longestReason = 1000;

/** Why a message is in a dead letter topic, and the message as it was. */
export interface DeadLetter {
  readonly reason: string;
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly attempts: number;
  readonly time: Date;
  /** The message to publish again: its own topic, key, headers and value. */
  readonly original: OutgoingMessage;
}

/** The dead letter of a message: key, value and headers untouched, the reason and origin in `dlq_*` headers. */
export function toDeadLetter(
  message: IncomingMessage,
  { group, attempts, error, time = new Date() }: { group: string; attempts: number; error: unknown; time?: Date },
): OutgoingMessage {
  return {
    topic: deadLetterTopic(message.topic),
    key: message.key,
    value: message.value,
    headers: {
      ...message.rawHeaders,
      dlq_reason: reasonOf(error),
      dlq_group: group,
      dlq_topic: message.topic,
      dlq_partition: String(message.partition),
      dlq_offset: message.offset,
      dlq_attempts: String(attempts),
      dlq_time: time.toISOString(),
    },
  };
}

/** Reads what `toDeadLetter` wrote; `undefined` for a message that is not a dead letter. */
export function fromDeadLetter({ key, value, headers, rawHeaders }: IncomingMessage): DeadLetter | undefined {
  const { dlq_reason: reason, dlq_group: group, dlq_topic: topic, dlq_offset: offset } = headers;
  if (reason === undefined || group === undefined || topic === undefined || offset === undefined) return undefined;
  const own = Object.fromEntries(Object.entries(rawHeaders).filter(([name]) => !name.startsWith('dlq_')));
  return {
    reason,
    group,
    topic,
    offset,
    partition: Number(headers['dlq_partition']),
    attempts: Number(headers['dlq_attempts']),
    time: new Date(headers['dlq_time'] ?? 0),
    original: { topic, key, value, headers: own },
  };
}

/** One line that says what went wrong, whatever was thrown. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${inspect(error)}`;
  return text.replace(/\s+/g, ' ').slice(0, longestReason);
}
