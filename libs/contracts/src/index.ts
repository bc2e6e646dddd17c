export { deadLetterTopic, isCompacted, topics } from './topics.ts';
export { coopStatuses, weekdays, type ClassSnapshot, type CoopSnapshot, type FamilySnapshot } from './schemas.ts';
export {
  decodeEvent,
  encodeEvent,
  eventTypes,
  firstCoopId,
  UnreadableEventError,
  type DomainEvent,
  type EventData,
  type EventType,
  type NewEvent,
} from './events.ts';
export { accountToken } from './account-token.ts';
export { emailAddress, normalizedEmail } from './email-address.ts';
export { examples } from './examples.ts';
