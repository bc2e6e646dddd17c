import type { DomainEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import { snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';

export const statuses = ['payment_pending', 'offered', 'enrolled', 'waitlisted', 'cancelled'] as const;
export type Status = (typeof statuses)[number];

/** Why an enrollment has ended. */
export const cancelReasons = ['by_family', 'by_coordinator', 'payment_declined', 'offer_expired'] as const;
export type CancelReason = (typeof cancelReasons)[number];

/** A rule that a coordinator has set aside, and why. */
export interface Override {
  readonly age: true;
  readonly reason: string;
}

/** Whose enrollment it is. Every entry of the history names them, so that any entry can be read alone. */
interface Subject {
  readonly classId: string;
  readonly childId: string;
  readonly familyId: string;
  /** Only in first entries from version 0.1. Keys belong to accounts since: see `idempotency_keys`. */
  readonly idempotencyKey?: string;
}

/** Only entries from version 0.1 lack the currency: it is the class's. */
interface Amount {
  readonly amountCents: number;
  readonly currency?: string;
}

interface BusyWith extends Pick<ClassView, 'title' | 'weekday' | 'startTime' | 'endTime'> {
  readonly classId: string;
}

/** The history of an enrollment is a row of these. */
export type EnrollmentEvent = Subject &
  (
    | {
        readonly type: 'waitlisted';
        readonly position: number;
        readonly waitlistNumber: number;
        /** The price at joining: a promotion never costs more. */
        readonly priceCents?: number;
        readonly currency?: string;
        readonly override?: Override;
      }
    | (Amount & { readonly type: 'seat-held' | 'promoted' | 'confirmed'; readonly override?: Override })
    | (Required<Amount> & {
        readonly type: 'offered';
        readonly reason: 'schedule_conflict';
        readonly conflictsWith: BusyWith;
        readonly expiresAt: string;
      })
    | { readonly type: 'offer-expired' }
    | (Required<Amount> & { readonly type: 'payment-failed'; readonly payBy: string })
    | (Required<Amount> & { readonly type: 'payment-delayed' })
    | { readonly type: 'flagged'; readonly reason: FlagReason; readonly familyName: string }
    | {
        readonly type: 'cancelled';
        readonly reason: Exclude<CancelReason, 'offer_expired'>;
        readonly refundCents: number;
        readonly currency?: string;
        /** Why a paid seat is not refunded. */
        readonly noRefund?: 'class_ended';
      }
  );

/** How a child no longer fits what the enrollment was made for. */
export const flagReasons = ['child_removed', 'age_out_of_range'] as const;
export type FlagReason = (typeof flagReasons)[number];

export type EventOf<Type extends EnrollmentEvent['type']> = EnrollmentEvent & { readonly type: Type };

/** Every event but the one that begins a waitlist place: it is complete before it is written. */
export type PlacedEvent = Exclude<EnrollmentEvent, { type: 'waitlisted' }>;

/** How a waitlist place begins, before the statement that takes it has determined its position and number. */
export type Unplaced = Omit<EventOf<'waitlisted'>, 'position' | 'waitlistNumber'>;

/** What the history adds up to. */
export type Enrollment = Subject & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly amountCents: number;
  readonly currency?: string;
  /** The price when the family joined the waitlist. */
  readonly priceCents?: number;
} & (
    | { readonly status: 'waitlisted'; readonly waitlistNumber: number }
    | { readonly status: 'offered'; readonly expiresAt: Date }
    | { readonly status: 'payment_pending' | 'enrolled' }
    | { readonly status: 'cancelled'; readonly reason: CancelReason; readonly refundCents: number }
  );

/** The statuses that count as taken. */
export const holdsSeat = ({ status }: Pick<Enrollment, 'status'>): boolean =>
  status === 'payment_pending' || status === 'enrolled' || status === 'offered';

const active = ['waitlisted', 'offered', 'payment_pending', 'enrolled'] as const;

/** The states that each event may follow; anything else is a bug and must not be written. */
const mayFollow: { readonly [T in EnrollmentEvent['type']]: readonly (Status | 'nothing')[] } = {
  waitlisted: ['nothing'],
  'seat-held': ['nothing'],
  offered: ['waitlisted'],
  'offer-expired': ['offered'],
  promoted: ['waitlisted', 'offered'],
  confirmed: ['nothing', 'waitlisted', 'offered', 'payment_pending'],
  'payment-failed': ['payment_pending'],
  'payment-delayed': ['payment_pending'],
  flagged: active,
  cancelled: active,
};

/** Whose events an enrollment's are. */
export const subjectOf = ({ classId, childId, familyId }: Enrollment): Subject => ({ classId, childId, familyId });

export const eventTypes = Object.keys(mayFollow) as EnrollmentEvent['type'][];

/**
 * The state after one more event. Writing and rebuilding both go through here.
 * @throws when the event cannot follow the state.
 */
export function apply(id: string, before: Enrollment | undefined, event: EnrollmentEvent, at: Date): Enrollment {
  if (!mayFollow[event.type].includes(before?.status ?? 'nothing')) {
    throw new Error(`enrollment ${id}: "${event.type}" cannot follow "${before?.status ?? 'nothing'}"`);
  }
  const { classId, childId, familyId } = event;
  const idempotencyKey = before === undefined ? event.idempotencyKey : before.idempotencyKey;
  const currency = ('currency' in event ? event.currency : undefined) ?? before?.currency;
  const priceCents = event.type === 'waitlisted' ? event.priceCents : before?.priceCents;
  const common = {
    id,
    classId,
    childId,
    familyId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(currency === undefined ? {} : { currency }),
    ...(priceCents === undefined ? {} : { priceCents }),
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at,
    updatedAt: at,
  };
  const amountCents = before?.amountCents ?? 0;
  switch (event.type) {
    case 'waitlisted':
      return { ...common, status: 'waitlisted', amountCents: 0, waitlistNumber: event.waitlistNumber };
    case 'offered':
      return { ...common, status: 'offered', amountCents: event.amountCents, expiresAt: new Date(event.expiresAt) };
    case 'seat-held':
    case 'promoted':
      return { ...common, status: 'payment_pending', amountCents: event.amountCents };
    case 'confirmed':
      return { ...common, status: 'enrolled', amountCents: event.amountCents };
    case 'payment-failed':
    case 'payment-delayed':
    case 'flagged':
      if (before === undefined) throw new Error(`enrollment ${id}: "${event.type}" cannot come first`);
      return { ...before, ...common };
    case 'offer-expired':
      return { ...common, status: 'cancelled', amountCents, reason: 'offer_expired', refundCents: 0 };
    case 'cancelled':
      return { ...common, status: 'cancelled', amountCents, reason: event.reason, refundCents: event.refundCents };
  }
}

/** What a seat costs a family that waited for it: the price at joining, or less when the class is cheaper now. */
export const agreedCents = (waited: Enrollment, { priceCents }: Pick<ClassView, 'priceCents'>): number =>
  Math.min(priceCents, (waited.status === 'offered' ? waited.amountCents : waited.priceCents) ?? priceCents);

/** A seat goes to a family that waited for it. One that costs nothing is confirmed at once, with one event. */
export function promote(waited: Enrollment, about: ClassView): EventOf<'promoted' | 'confirmed'> {
  const amountCents = agreedCents(waited, about);
  const type = amountCents === 0 ? 'confirmed' : 'promoted';
  return { ...subjectOf(waited), type, amountCents, currency: about.currency };
}

/** What other services learn about an enrollment beside the entry of its history. */
export interface Published {
  readonly id: string;
  readonly version: number;
  readonly at: Date;
  readonly class: ClassView;
  readonly childName: string;
}

const attributesOf = ({ id, at }: Published) => ({ id: uuidv7(), source: '/enrollment', subject: id, time: at });

const dataFor = ({ familyId, childId }: Subject, about: Published) => ({
  enrollmentId: about.id,
  version: about.version,
  familyId,
  child: { childId, name: about.childName },
  class: snapshotOf(about.class),
});

/** The event of a waitlist place, but for its position. */
export const publishUnplaced = (event: Unplaced, about: Published) => ({
  ...attributesOf(about),
  type: 'homeroom.enrollment.waitlisted.v1' as const,
  data: dataFor(event, about),
});

/** An entry of the history as an event for other services. */
export function publish(event: PlacedEvent, about: Published): DomainEvent {
  const attributes = attributesOf(about);
  const data = dataFor(event, about);
  const currency = about.class.currency;
  switch (event.type) {
    case 'offered': {
      const { amountCents, reason, conflictsWith, expiresAt } = event;
      const offer = { amountCents, currency: event.currency, reason, conflictsWith, expiresAt };
      return { ...attributes, type: 'homeroom.enrollment.offered.v1', data: { ...data, ...offer } };
    }
    case 'offer-expired':
      return { ...attributes, type: 'homeroom.enrollment.offer-expired.v1', data };
    case 'payment-failed': {
      const { amountCents, payBy } = event;
      const failed = { amountCents, currency: event.currency, payBy };
      return { ...attributes, type: 'homeroom.enrollment.payment-failed.v1', data: { ...data, ...failed } };
    }
    case 'payment-delayed': {
      const amount = { amountCents: event.amountCents, currency: event.currency };
      return { ...attributes, type: 'homeroom.enrollment.payment-delayed.v1', data: { ...data, ...amount } };
    }
    case 'flagged': {
      const { reason, familyName } = event;
      return { ...attributes, type: 'homeroom.enrollment.flagged.v1', data: { ...data, reason, familyName } };
    }
    case 'cancelled': {
      const { reason, refundCents } = event;
      const ended = { reason, refundCents, currency: event.currency ?? currency };
      return { ...attributes, type: 'homeroom.enrollment.cancelled.v1', data: { ...data, ...ended } };
    }
    default: {
      const amount = { amountCents: event.amountCents, currency: event.currency ?? currency };
      return { ...attributes, type: `homeroom.enrollment.${event.type}.v1`, data: { ...data, ...amount } };
    }
  }
}
