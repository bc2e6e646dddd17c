export { openKafka } from './kafka.ts';
export { observeKafka } from './observe-kafka.ts';
export type {
  ConsumeOptions,
  Consumer,
  IncomingMessage,
  Kafka,
  KafkaEvent,
  OutgoingMessage,
  Producer,
} from './types.ts';
