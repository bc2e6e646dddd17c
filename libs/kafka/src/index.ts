export { openKafka } from './kafka.ts';
export { openServiceKafka, startConsumers } from './service-kafka.ts';
export type {
  ConsumeOptions,
  ConsumeRawOptions,
  Consumer,
  IncomingMessage,
  Kafka,
  KafkaEvent,
  OutgoingMessage,
  Producer,
} from './types.ts';
