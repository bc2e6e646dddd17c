import { deadLetterTopic } from '@homeroom/contracts';
import { inspect } from 'node:util';
import type { IncomingMessage, OutgoingMessage } from './types.ts';

const longestReason = 1000;

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

/** One line about anything that was thrown. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${inspect(error)}`;
  return text.replace(/\s+/g, ' ').slice(0, longestReason);
}
