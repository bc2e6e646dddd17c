import type { DomainEvent } from '@homeroom/contracts';
import { v7 as uuid } from 'uuid';
import { snapshotOf, type ClassView } from '../classes/class.ts';

export type CancelReason = 'by_family' | 'by_coordinator' | 'payment_declined';

/** Whose enrolment it is. Every entry of the history says so: any one of them can be read alone. */
interface Subject {
  readonly classId: string;
  readonly childId: string;
  readonly familyId: string;
  /** With which key it was asked for; only in the first entry. */
  readonly idempotencyKey?: string;
}

/** The history of an enrolment is a row of these. */
export type EnrollmentEvent = Subject &
  (
    | { readonly type: 'waitlisted'; readonly position: number; readonly waitlistNumber: number }
    | { readonly type: 'seat-held' | 'promoted' | 'confirmed'; readonly amountCents: number }
    | { readonly type: 'cancelled'; readonly reason: CancelReason; readonly refundCents: number }
  );

/** What the history adds up to. */
export type Enrollment = Subject & {
  readonly id: string;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly amountCents: number;
} & (
    | { readonly status: 'waitlisted'; readonly waitlistNumber: number }
    | { readonly status: 'payment_pending' | 'enrolled' }
    | { readonly status: 'cancelled'; readonly reason: CancelReason; readonly refundCents: number }
  );

export const holdsSeat = ({ status }: Pick<Enrollment, 'status'>): boolean =>
  status === 'payment_pending' || status === 'enrolled';

/** From which state which event may come; anything else is a bug and must not be written. */
const mayFollow: { readonly [T in EnrollmentEvent['type']]: readonly (Enrollment['status'] | 'nothing')[] } = {
  waitlisted: ['nothing'],
  'seat-held': ['nothing'],
  promoted: ['waitlisted'],
  confirmed: ['nothing', 'payment_pending'],
  cancelled: ['waitlisted', 'payment_pending', 'enrolled'],
};

/**
 * The state after one more event. Writing and rebuilding both go through here.
 * @throws when the event cannot follow the state.
 */
export function apply(id: string, before: Enrollment | undefined, event: EnrollmentEvent, at: Date): Enrollment {
  if (!mayFollow[event.type].includes(before?.status ?? 'nothing')) {
    throw new Error(`enrolment ${id}: “${event.type}” cannot follow “${before?.status ?? 'nothing'}”`);
  }
  const { classId, childId, familyId } = event;
  const idempotencyKey = before === undefined ? event.idempotencyKey : before.idempotencyKey;
  const common = {
    id,
    classId,
    childId,
    familyId,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at,
    updatedAt: at,
  };
  switch (event.type) {
    case 'waitlisted':
      return { ...common, status: 'waitlisted', amountCents: 0, waitlistNumber: event.waitlistNumber };
    case 'seat-held':
    case 'promoted':
      return { ...common, status: 'payment_pending', amountCents: event.amountCents };
    case 'confirmed':
      return { ...common, status: 'enrolled', amountCents: event.amountCents };
    case 'cancelled':
      return {
        ...common,
        status: 'cancelled',
        amountCents: before?.amountCents ?? 0,
        reason: event.reason,
        refundCents: event.refundCents,
      };
  }
}

/** A seat that has become free for someone who waits. What costs nothing needs no payment to be confirmed. */
export function promote({ classId, childId, familyId }: Subject, priceCents: number): EnrollmentEvent[] {
  const subject = { classId, childId, familyId, amountCents: priceCents };
  const promoted: EnrollmentEvent = { ...subject, type: 'promoted' };
  return priceCents === 0 ? [promoted, { ...subject, type: 'confirmed' }] : [promoted];
}

/** An entry of the history as the rest of the house hears it. */
export function publish(
  event: EnrollmentEvent,
  about: {
    id: string;
    version: number;
    at: Date;
    class: ClassView;
    childName: string;
  },
): DomainEvent {
  const attributes = {
    id: uuid(),
    source: '/enrollment',
    subject: about.id,
    time: about.at,
  };
  const data = {
    enrollmentId: about.id,
    version: about.version,
    familyId: event.familyId,
    child: { childId: event.childId, name: about.childName },
    class: snapshotOf(about.class),
  };
  switch (event.type) {
    case 'waitlisted':
      return {
        ...attributes,
        type: 'homeroom.enrollment.waitlisted.v1',
        data: { ...data, position: event.position },
      };
    case 'cancelled':
      return {
        ...attributes,
        type: 'homeroom.enrollment.cancelled.v1',
        data: { ...data, reason: event.reason, refundCents: event.refundCents },
      };
    default:
      return {
        ...attributes,
        type: `homeroom.enrollment.${event.type}.v1`,
        data: { ...data, amountCents: event.amountCents },
      };
  }
}
