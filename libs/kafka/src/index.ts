export { fromDeadLetter, type DeadLetter } from './dead-letter.ts';
export { KafkaRefusedError, KafkaUnavailableError } from './errors.ts';
export { openKafka, withDeadLetters } from './kafka.ts';
export { openServiceKafka, startConsumers } from './service-kafka.ts';
export type {
  ConsumeOptions,
  ConsumeRawOptions,
  Consumer,
  EventHandlers,
  HandlerContext,
  IncomingMessage,
  Kafka,
  KafkaEvent,
  KafkaOptions,
  OutgoingMessage,
  Producer,
  TopicSpec,
} from './types.ts';
