export { deadLetterTopic, topics } from './topics.ts';
export { weekdays, type ClassSnapshot, type FamilySnapshot } from './schemas.ts';
export {
  decodeEvent,
  encodeEvent,
  eventTypes,
  UnreadableEventError,
  type DomainEvent,
  type EventData,
  type EventType,
} from './events.ts';
export { accountToken } from './account-token.ts';
export { emailAddress, normalizedEmail } from './email-address.ts';
export { examples } from './examples.ts';
