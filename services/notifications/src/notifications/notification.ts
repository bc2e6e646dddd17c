import type { DomainEvent, EventType } from '@homeroom/contracts';
import {
  classEntry,
  enrollmentUid,
  orientationEntry,
  type EntryStatus,
  type Invitation,
} from '../calendars/calendar.ts';
import { oneLine } from './one-line.ts';

/** The kinds that also go out as mail; a family may mute each. */
export const mailKinds = ['welcome', 'confirmed', 'waitlisted', 'promoted', 'cancelled'] as const;
export type MailKind = (typeof mailKinds)[number];
export type Kind = MailKind | 'family_registered';

export const coordinators = 'coordinators';
export const audienceOf = (familyId: string): string => `family:${familyId}`;

/** What the wording needs to know about the co-op. */
export interface House {
  readonly coopName: string;
  readonly timeZone: string;
}

/** A notification before it has a place in an inbox. */
export interface Draft {
  readonly audience: string;
  readonly kind: Kind;
  readonly subject: string;
  readonly body: string;
  /** For whoever renders it otherwise: ids and names. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Absent: it stays in the inbox. */
  readonly mail?: { readonly familyId: string; readonly invitation: Invitation };
}

export type EnrollmentEvent = DomainEvent<
  Extract<EventType, `homeroom.enrollment.${'waitlisted' | 'seat-held' | 'promoted' | 'confirmed' | 'cancelled'}.v1`>
>;
export type FamilyEvent = DomainEvent<Extract<EventType, `homeroom.family.${string}`>>;
export type ClassEvent = DomainEvent<Extract<EventType, `homeroom.class.${'opened' | 'changed'}.v1`>>;

export const entryStatusOf: Readonly<Record<EnrollmentEvent['type'], EntryStatus>> = {
  'homeroom.enrollment.waitlisted.v1': 'tentative',
  'homeroom.enrollment.seat-held.v1': 'tentative',
  'homeroom.enrollment.promoted.v1': 'tentative',
  'homeroom.enrollment.confirmed.v1': 'confirmed',
  'homeroom.enrollment.cancelled.v1': 'cancelled',
};

const money = (cents: number, currency: string): string => `${currency} ${(cents / 100).toFixed(2)}`;

const cancelReasons = {
  by_family: 'You cancelled it.',
  by_coordinator: 'A coordinator cancelled it.',
  payment_declined: 'The payment was declined.',
} as const;

/** The words of an enrolment's mail; nothing for a held seat, which the family was told in the answer to its request. */
function wording(event: EnrollmentEvent): { kind: MailKind; subject: string; body: string } | undefined {
  const { child, class: course } = event.data;
  const title = oneLine(course.title);
  const name = oneLine(child.name);
  const when = `${course.weekday}s ${course.startTime}–${course.endTime}, ${course.firstDay} to ${course.lastDay}, ${course.room}`;
  switch (event.type) {
    case 'homeroom.enrollment.seat-held.v1':
      return undefined;
    case 'homeroom.enrollment.confirmed.v1': {
      const { amountCents } = event.data;
      const paid = amountCents === 0 ? '' : ` We have received ${money(amountCents, course.currency)}.`;
      return {
        kind: 'confirmed',
        subject: `${name} has a seat in ${title}`,
        body: `${name} is enrolled in ${title}: ${when}.${paid}`,
      };
    }
    case 'homeroom.enrollment.waitlisted.v1':
      return {
        kind: 'waitlisted',
        subject: `${name} is on the waitlist of ${title}`,
        body: `${title} is full. ${name} is number ${event.data.position} on its waitlist: ${when}. We write as soon as a seat is free.`,
      };
    case 'homeroom.enrollment.promoted.v1': {
      const { amountCents } = event.data;
      const next = amountCents === 0 ? '' : ` We will now collect ${money(amountCents, course.currency)} and confirm.`;
      return {
        kind: 'promoted',
        subject: `A seat in ${title} is free for ${name}`,
        body: `${name} has moved up from the waitlist of ${title}: ${when}.${next}`,
      };
    }
    case 'homeroom.enrollment.cancelled.v1': {
      const { reason, refundCents } = event.data;
      const refund = refundCents === 0 ? '' : ` We will pay back ${money(refundCents, course.currency)}.`;
      return {
        kind: 'cancelled',
        subject: `${name} is no longer enrolled in ${title}`,
        body: `The enrolment of ${name} in ${title} has ended. ${cancelReasons[reason]}${refund}`,
      };
    }
  }
}

/**
 * What a family hears about its enrolment.
 * @param late a later event of the same enrolment came first (a dead letter that was replayed): it still hears of this one,
 *   and that it is old news. Calendars ignore its invitation by the lower SEQUENCE.
 */
export function draftForEnrollment(event: EnrollmentEvent, late: boolean): Draft | undefined {
  const words = wording(event);
  if (words === undefined) return undefined;
  const { enrollmentId, version, familyId, child, class: course } = event.data;
  const status = entryStatusOf[event.type];
  const entry = classEntry(
    { uid: enrollmentUid(enrollmentId), sequence: version, status, childName: child.name },
    course,
  );
  return {
    audience: audienceOf(familyId),
    kind: words.kind,
    subject: words.subject,
    body: late
      ? `This message was delayed; a newer one about the same enrolment has reached you before. ${words.body}`
      : words.body,
    data: {
      enrollmentId,
      classId: course.classId,
      classTitle: course.title,
      childId: child.childId,
      childName: child.name,
    },
    mail: { familyId, invitation: { method: status === 'cancelled' ? 'CANCEL' : 'REQUEST', entry } },
  };
}

/** A new family is welcomed, and the coordinators hear of it. */
export function draftsForRegistration(event: FamilyEvent, { coopName, timeZone }: House): [Draft, Draft] {
  const { familyId, name, children } = event.data;
  const entry = orientationEntry({ familyId, coopName, registeredAt: event.time, timeZone });
  const family = oneLine(name);
  return [
    {
      audience: audienceOf(familyId),
      kind: 'welcome',
      subject: `Welcome to ${coopName}`,
      body: `The ${family} family is registered. New families meet on ${entry.firstDay} at ${entry.startTime}; the invitation is attached.`,
      data: { familyId, familyName: name },
      mail: { familyId, invitation: { method: 'PUBLISH', entry } },
    },
    {
      audience: coordinators,
      kind: 'family_registered',
      subject: `New family: ${family}`,
      body: `The ${family} family has registered with ${children.length} ${children.length === 1 ? 'child' : 'children'}.`,
      data: { familyId, familyName: name, children: children.length },
    },
  ];
}
