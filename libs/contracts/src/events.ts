import { z } from 'zod';
import * as data from './schemas.ts';
import { topics, type Topic } from './topics.ts';

/**
 * Every event: its CloudEvents type, the topic that carries it, and the schema of its data.
 * A type's version is part of its name; a breaking change is a new type beside the old one.
 */
export const eventTypes = {
  'homeroom.account.verification-requested.v1': { topic: topics.account, schema: data.accountTokenRequested },
  'homeroom.account.password-reset-requested.v1': { topic: topics.account, schema: data.accountTokenRequested },
  'homeroom.account.password-changed.v1': { topic: topics.account, schema: data.accountPasswordChanged },
  'homeroom.account.sign-in-attacked.v1': { topic: topics.account, schema: data.accountSignInAttacked },
  'homeroom.account.coordinator-saved.v1': { topic: topics.account, schema: data.accountCoordinatorSaved },
  'homeroom.coop.opened.v1': { topic: topics.coop, schema: data.coopSnapshot },
  'homeroom.coop.configured.v1': { topic: topics.coop, schema: data.coopSnapshot },
  'homeroom.coop.suspended.v1': { topic: topics.coop, schema: data.coopSnapshot },
  'homeroom.coop.resumed.v1': { topic: topics.coop, schema: data.coopSnapshot },
  'homeroom.family.registered.v1': { topic: topics.family, schema: data.familySnapshot },
  'homeroom.family.changed.v1': { topic: topics.family, schema: data.familySnapshot },
  'homeroom.class.opened.v1': { topic: topics.class, schema: data.classSnapshot },
  'homeroom.class.changed.v1': { topic: topics.class, schema: data.classSnapshot },
  'homeroom.class.canceled.v1': { topic: topics.class, schema: data.classCanceled },
  'homeroom.class.double-booked.v1': { topic: topics.class, schema: data.classDoubleBooked },
  'homeroom.enrollment.waitlisted.v1': { topic: topics.enrollment, schema: data.enrollmentWaitlisted },
  'homeroom.enrollment.seat-held.v1': { topic: topics.enrollment, schema: data.enrollmentSeatHeld },
  'homeroom.enrollment.confirmed.v1': { topic: topics.enrollment, schema: data.enrollmentConfirmed },
  'homeroom.enrollment.promoted.v1': { topic: topics.enrollment, schema: data.enrollmentPromoted },
  'homeroom.enrollment.offered.v1': { topic: topics.enrollment, schema: data.enrollmentOffered },
  'homeroom.enrollment.offer-expired.v1': { topic: topics.enrollment, schema: data.enrollmentOfferExpired },
  'homeroom.enrollment.payment-failed.v1': { topic: topics.enrollment, schema: data.enrollmentPaymentFailed },
  'homeroom.enrollment.payment-delayed.v1': { topic: topics.enrollment, schema: data.enrollmentPaymentDelayed },
  'homeroom.enrollment.flagged.v1': { topic: topics.enrollment, schema: data.enrollmentFlagged },
  'homeroom.enrollment.rescheduled.v1': { topic: topics.enrollment, schema: data.enrollmentRescheduled },
  'homeroom.enrollment.cancelled.v1': { topic: topics.enrollment, schema: data.enrollmentCancelled },
  'homeroom.notification.sent.v1': { topic: topics.notification, schema: data.notificationSent },
} as const satisfies Record<string, { topic: Topic; schema: z.ZodType }>;

export type EventType = keyof typeof eventTypes;
export type EventData<T extends EventType> = z.infer<(typeof eventTypes)[T]['schema']>;

/** An event as it travels: the CloudEvents 1.0 attributes that Homeroom uses, and its data. */
export type DomainEvent<T extends EventType = EventType> = {
  [K in T]: {
    /** Unique forever (UUIDv7). Consumers recognize a duplicate by it. */
    readonly id: string;
    readonly type: K;
    /** Whose event it is: the CloudEvents extension attribute `coopid`. */
    readonly coopId: string;
    /** The publishing service, `/families`. */
    readonly source: string;
    /** The aggregate's id, which is also the message key. */
    readonly subject: string;
    readonly time: Date;
    /** W3C trace context of the request that caused it. */
    readonly traceparent?: string | undefined;
    readonly data: EventData<K>;
  };
}[T];

/** An event that has no co-op yet: the transaction that stores it has one. */
export type NewEvent<T extends EventType = EventType> = { [K in T]: Omit<DomainEvent<K>, 'coopId'> }[T];

/**
 * The id, in every service, of the co-op that an installation was before it knew co-ops: it owns the rows, the events, and
 * the sessions that name none.
 */
export const firstCoopId = '00000000-0000-7000-8000-000000000001';

/** Thrown for a message that can never be read: the reason is for a dead letter's headers. */
export class UnreadableEventError extends Error {
  override readonly name = 'UnreadableEventError';
}

/** A message as a broker delivers it: headers and bytes, nothing validated yet. */
export interface RawEvent {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly value: Buffer | null;
}

const uuid = z.uuid();

const isEventType = (type: string): type is EventType => Object.hasOwn(eventTypes, type);

/**
 * Writes an event as a CloudEvents 1.0 message in binary mode: attributes as `ce_*` headers, data as JSON.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
 */
export function encodeEvent(event: DomainEvent): { headers: Record<string, string>; value: Buffer } {
  return {
    headers: {
      ce_specversion: '1.0',
      ce_id: event.id,
      ce_type: event.type,
      ce_source: event.source,
      ce_subject: event.subject,
      ce_coopid: event.coopId,
      ce_time: event.time.toISOString(),
      'content-type': 'application/json',
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
    value: Buffer.from(JSON.stringify(event.data)),
  };
}

/**
 * Reads a message of the kind that `encodeEvent` writes and checks its data against the contract.
 * @returns the event, or `undefined` for a type that this version does not know: newer publishers may send it.
 * An event without a co-op is of a publisher that knows none, and belongs to the first one.
 * @throws {UnreadableEventError} when attributes are missing, the co-op is no UUID, the data is not JSON or does not fit its schema.
 */
export function decodeEvent({ headers, value }: RawEvent): DomainEvent | undefined {
  const required = (name: string): string => {
    const text = headers[name];
    if (text === undefined || text === '') throw new UnreadableEventError(`header ${name} is missing`);
    return text;
  };
  if (required('ce_specversion') !== '1.0') throw new UnreadableEventError('header ce_specversion is not 1.0');
  const type = required('ce_type');
  const [id, source, subject] = [required('ce_id'), required('ce_source'), required('ce_subject')];
  if (!isEventType(type)) return undefined;
  const coopId = headers['ce_coopid'] ?? firstCoopId;
  if (!uuid.safeParse(coopId).success) throw new UnreadableEventError('header ce_coopid is not a UUID');
  const time = new Date(required('ce_time'));
  if (Number.isNaN(time.getTime())) throw new UnreadableEventError('header ce_time is not a time');
  const parsed = eventTypes[type].schema.safeParse(parseJson(value));
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: 'unknown' };
    throw new UnreadableEventError(
      `data of ${type} does not fit its schema at ${path.join('.') || '(root)'}: ${message}`,
    );
  }
  return {
    id,
    type,
    source,
    subject,
    time,
    traceparent: headers['traceparent'],
    coopId,
    data: parsed.data,
  } as DomainEvent;
}

function parseJson(value: Buffer | null): unknown {
  if (value === null) throw new UnreadableEventError('the message has no data');
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (error) {
    throw new UnreadableEventError('data is not JSON', { cause: error });
  }
}
