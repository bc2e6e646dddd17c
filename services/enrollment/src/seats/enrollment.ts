import { eventTypes as contract, type EventData, type EventType, type NewEvent } from '@homeroom/contracts';
import { snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import { newEvent } from '../new-event.ts';

export const statuses = ['payment_pending', 'offered', 'enrolled', 'waitlisted', 'cancelled'] as const;
export type Status = (typeof statuses)[number];

const canceled = contract['homeroom.enrollment.cancelled.v1'].schema.shape;
/** Why an enrollment has ended. */
export const cancelReasons = [...canceled.reason.options, 'offer_expired'] as const;
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
  readonly idempotencyKey?: string | undefined;
}

type EntryType = { [T in EventType]: T extends `homeroom.enrollment.${infer Entry}.v1` ? Entry : never }[EventType];

/** What the contract's event has beside what each event of an enrollment has. */
type Published<Type extends EntryType> = Omit<
  EventData<`homeroom.enrollment.${Type}.v1`>,
  'enrollmentId' | 'version' | 'familyId' | 'child' | 'class'
>;

/** What only the history has. */
interface Unpublished {
  waitlisted: {
    waitlistNumber: number;
    /** The price at joining: a promotion never costs more. */
    priceCents?: number;
    currency?: string;
    override?: Override;
  };
  'seat-held': { override?: Override };
  confirmed: { override?: Override };
  /** Why a paid seat is not refunded. */
  cancelled: { noRefund?: 'class_ended' };
}

export type EventOf<Type extends EntryType> = Subject & { readonly type: Type } & Readonly<Published<Type>> &
  (Type extends keyof Unpublished ? Readonly<Unpublished[Type]> : unknown);

/** The history of an enrollment is a row of these. Entries from version 0.1 lack the currency: it is the class's. */
export type EnrollmentEvent = { [Type in EntryType]: EventOf<Type> }[EntryType];

export const flagReasons = contract['homeroom.enrollment.flagged.v1'].schema.shape.reason.options;
export type FlagReason = EventOf<'flagged'>['reason'];

/** Every event but the one that begins a waitlist place: it is complete before it is written. */
export type PlacedEvent = Exclude<EnrollmentEvent, { type: 'waitlisted' }>;

/** How a waitlist place begins, before the statement that takes it has determined its position and number. */
export type Unplaced = Omit<EventOf<'waitlisted'>, 'position' | 'waitlistNumber'>;

type WithoutSubject<Event> = Event extends unknown ? Omit<Event, keyof Subject> : never;
/** What happens to an enrollment whose subject is known. */
export type Change = WithoutSubject<PlacedEvent>;

/** What the history adds up to. */
export type Enrollment = Subject & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly amountCents: number;
  readonly currency?: string | undefined;
  /** The price when the family joined the waitlist. */
  readonly priceCents?: number | undefined;
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
const mayFollow: Readonly<Record<EntryType, readonly (Status | 'nothing')[]>> = {
  waitlisted: ['nothing'],
  'seat-held': ['nothing'],
  offered: ['waitlisted'],
  'offer-expired': ['offered'],
  promoted: ['waitlisted', 'offered'],
  confirmed: ['nothing', 'waitlisted', 'offered', 'payment_pending'],
  'payment-failed': ['payment_pending'],
  'payment-delayed': ['payment_pending'],
  flagged: active,
  rescheduled: active,
  cancelled: active,
};

export const entryTypes = Object.keys(mayFollow) as EntryType[];

/**
 * The state after one more event. Writing and rebuilding both go through here.
 * @throws when the event cannot follow the state.
 */
export function apply(id: string, before: Enrollment | undefined, event: EnrollmentEvent, at: Date): Enrollment {
  if (!mayFollow[event.type].includes(before?.status ?? 'nothing')) {
    throw new Error(`enrollment ${id}: "${event.type}" cannot follow "${before?.status ?? 'nothing'}"`);
  }
  const { classId, childId, familyId } = event;
  const common = {
    id,
    version: (before?.version ?? 0) + 1,
    classId,
    childId,
    familyId,
    idempotencyKey: before === undefined ? event.idempotencyKey : before.idempotencyKey,
    currency: ('currency' in event ? event.currency : undefined) ?? before?.currency,
    priceCents: event.type === 'waitlisted' ? event.priceCents : before?.priceCents,
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
    case 'rescheduled':
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

/** Whom and what an entry of the history is about. */
export interface Context {
  readonly id: string;
  readonly version: number;
  readonly at: Date;
  readonly class: ClassView;
  readonly childName: string;
}

/**
 * An entry of the history as an event for other services, with the members that the contract has. A waitlist place's lacks
 * its position, which the statement that takes the place adds.
 */
export function publish(
  entry: PlacedEvent | Unplaced,
  { id, version, at, class: about, childName }: Context,
): NewEvent {
  const type = `homeroom.enrollment.${entry.type}.v1` as const;
  const { shape } = contract[type].schema;
  const details = Object.fromEntries(Object.entries(entry).filter(([name]) => name in shape));
  const child = { childId: entry.childId, name: childName };
  const data = { enrollmentId: id, version, ...details, child, class: snapshotOf(about) };
  // TypeScript does not follow that the members are those of this very type
  return newEvent(type, { subject: id, data: data as EventData<typeof type>, time: at });
}
