import type { OutgoingMessage, Producer } from '@homeroom/kafka';
import type { OutboxRow } from './outbox-rows.ts';

export interface Published {
  readonly rows: readonly OutboxRow[];
  /** Keys with a message that the broker refuses, such as one that is too large. */
  readonly refused: ReadonlyMap<string, Error>;
}

/** So many refused and none accepted: it is the broker or the topic, not the messages. */
const refusesEverything = 3;

/**
 * Sends a batch. When the broker refuses it, the rows go one by one: one bad message must not stop those of other keys.
 * What follows it under its own key waits with it.
 * @throws what `send` throws when it is not about single messages.
 */
export async function publish(producer: Pick<Producer, 'send'>, rows: readonly OutboxRow[]): Promise<Published> {
  const refused = new Map<string, Error>();
  try {
    await producer.send(rows.map(toMessage));
    return { rows, refused };
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  const accepted: OutboxRow[] = [];
  for (const row of rows) {
    if (refused.has(row.key)) continue;
    try {
      await producer.send([toMessage(row)]);
      accepted.push(row);
    } catch (error) {
      if (!isRefused(error)) throw error;
      refused.set(row.key, error);
      if (accepted.length === 0 && refused.size === refusesEverything) throw error;
    }
  }
  return { rows: accepted, refused };
}

const toMessage = ({ topic, key, headers, payload }: OutboxRow): OutgoingMessage => ({
  topic,
  key,
  headers,
  value: payload,
});

/** By name: importing the class would load the Kafka client into every process that only appends. */
const isRefused = (error: unknown): error is Error => error instanceof Error && error.name === 'KafkaRefusedError';
