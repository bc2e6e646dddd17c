export { openKafka } from './kafka.ts';
export {
  KafkaUnavailableError,
  type ConsumeOptions,
  type ConsumeRawOptions,
  type Consumer,
  type EventHandlers,
  type HandlerContext,
  type IncomingMessage,
  type Kafka,
  type KafkaEvent,
  type KafkaOptions,
  type OutgoingMessage,
  type Producer,
  type TopicSpec,
} from './types.ts';
