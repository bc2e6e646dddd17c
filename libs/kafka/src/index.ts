export { openKafka, type Kafka } from './kafka.ts';
export type { Producer } from './producer.ts';
export { openServiceKafka, startConsumers } from './service-kafka.ts';
export type {
  ConsumeOptions,
  ConsumeRawOptions,
  Consumer,
  IncomingMessage,
  KafkaEvent,
  OutgoingMessage,
} from './types.ts';
