export { deadLetterTopic, topics, type Topic } from './topics.ts';
export { weekdays, type ClassSnapshot, type FamilySnapshot } from './schemas.ts';
export {
  decodeEvent,
  encodeEvent,
  eventTypes,
  isEventType,
  UnreadableEventError,
  type DomainEvent,
  type EventData,
  type EventType,
  type RawEvent,
} from './events.ts';
export { accountToken } from './account-token.ts';
export { emailAddress } from './email-address.ts';
export { examples } from './examples.ts';
export { jsonSchemaOf } from './json-schema.ts';
