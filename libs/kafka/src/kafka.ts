import type { Kafka, KafkaOptions } from './types.ts';

/** Opens the client. Nothing is connected before it is needed. */
export function openKafka(_options: KafkaOptions): Kafka {
  throw new Error('not yet');
}
