import type { DomainEvent, EventType } from '@homeroom/contracts';
import type { Coop } from '@homeroom/coops';
import {
  classEntry,
  enrollmentUid,
  orientationEntry,
  type EntryStatus,
  type Invitation,
} from '../calendars/calendar.ts';
import type { Standing } from '../calendars/store.ts';
import { formatOf } from '../wording/format.ts';
import {
  classCanceledWords,
  doubleBookedWords,
  enrollmentWords,
  registeredWords,
  welcomeWords,
  type EnrollmentEvent,
  type Words,
} from './wording.ts';

export const coordinators = 'coordinators';
export const audienceOf = (familyId: string): string => `family:${familyId}`;

/** What of a co-op gets into its notifications. */
export type CoopOfWords = Pick<Coop, 'name' | 'timeZone' | 'locale'>;

export interface DraftMail {
  readonly familyId: string;
  readonly invitation: Invitation;
  /** Whether the mail carries the invitation. */
  readonly calendar: boolean;
}

/** A notification before it has a place in an inbox. */
export interface Draft extends Words {
  readonly audience: string;
  /** For clients that render it otherwise: ids and names. */
  readonly data: Readonly<Record<string, unknown>>;
  /** To the family. Absent: it stays in the inbox; which coordinators get a mail, their preferences say. */
  readonly mail?: DraftMail;
}

interface FamilyDraft extends Draft {
  readonly mail: DraftMail;
}

export type FamilyEvent = DomainEvent<Extract<EventType, `homeroom.family.${string}`>>;
export type ClassEvent = DomainEvent<Extract<EventType, `homeroom.class.${'opened' | 'changed'}.v1`>>;
export type ClassCanceledEvent = DomainEvent<'homeroom.class.canceled.v1'>;
export type DoubleBookedEvent = DomainEvent<'homeroom.class.double-booked.v1'>;

/** A free seat of a waitlisted child is certain: nothing is left to collect or to confirm. */
const isFreePromotion = (event: EnrollmentEvent): boolean =>
  event.type === 'homeroom.enrollment.promoted.v1' && event.data.amountCents === 0;

/** The status that an event gives its enrollment's calendar entry; undefined when it does not change the entry. */
export function entryStatusOf(event: EnrollmentEvent): EntryStatus | undefined {
  switch (event.type) {
    case 'homeroom.enrollment.waitlisted.v1':
    case 'homeroom.enrollment.seat-held.v1':
    case 'homeroom.enrollment.offered.v1':
    case 'homeroom.enrollment.payment-failed.v1':
      return 'tentative';
    case 'homeroom.enrollment.promoted.v1':
      return isFreePromotion(event) ? 'confirmed' : 'tentative';
    case 'homeroom.enrollment.confirmed.v1':
      return 'confirmed';
    case 'homeroom.enrollment.rescheduled.v1':
      return event.data.status === 'enrolled' ? 'confirmed' : 'tentative';
    case 'homeroom.enrollment.offer-expired.v1':
    case 'homeroom.enrollment.cancelled.v1':
      return 'cancelled';
    case 'homeroom.enrollment.payment-delayed.v1':
    case 'homeroom.enrollment.flagged.v1':
      return undefined;
  }
}

/** Whether a later event of the same enrollment was handled before this one, as after the replay of a dead letter. */
const isLate = (event: EnrollmentEvent, before: Standing | undefined): boolean =>
  before !== undefined &&
  (entryStatusOf(event) === undefined ? before.version > event.data.version : before.version >= event.data.version);

/** Whether the notification would only repeat, or contradict, what the family has read already. */
function isPointless(event: EnrollmentEvent, before: Standing | undefined): boolean {
  const late = isLate(event, before);
  if (late) return isFreePromotion(event) || event.type === 'homeroom.enrollment.payment-delayed.v1';
  return (
    event.type === 'homeroom.enrollment.confirmed.v1' && event.data.amountCents === 0 && before?.status === 'confirmed'
  );
}

const delayed = 'This message was delayed; a newer one about the same enrollment has reached you before.';

/**
 * The notification of an enrollment's event. That of a late event says so; calendars ignore its invitation by the lower
 * SEQUENCE. A cancellation is a CANCEL; whether it is attached is decided when the mail is sent.
 */
export function draftForEnrollment(
  event: EnrollmentEvent,
  { locale }: CoopOfWords,
  before?: Standing,
): Draft | undefined {
  const format = formatOf(locale);
  const words = enrollmentWords(event, format);
  if (words === undefined || isPointless(event, before)) return undefined;
  const { enrollmentId, version, familyId, child, class: course } = event.data;
  const data = {
    enrollmentId,
    classId: course.classId,
    classTitle: course.title,
    childId: child.childId,
    childName: child.name,
  };
  if (event.type === 'homeroom.enrollment.flagged.v1') {
    const { familyName, reason } = event.data;
    return { audience: coordinators, ...words, data: { ...data, familyId, familyName, reason } };
  }
  const status = entryStatusOf(event) ?? 'tentative';
  const seat = { uid: enrollmentUid(enrollmentId), sequence: version, status, childName: child.name };
  return {
    audience: audienceOf(familyId),
    ...words,
    body: isLate(event, before) ? `${delayed}\n\n${words.body}` : words.body,
    data,
    mail: {
      familyId,
      invitation: { method: status === 'cancelled' ? 'CANCEL' : 'REQUEST', entry: classEntry(seat, course, format) },
      calendar: !['payment_failed', 'payment_delayed'].includes(words.kind),
    },
  };
}

export function draftsForRegistration(event: FamilyEvent, coop: CoopOfWords): [FamilyDraft, Draft] {
  const { familyId, name, children } = event.data;
  const entry = orientationEntry({ familyId, registeredAt: event.time }, coop);
  return [
    {
      audience: audienceOf(familyId),
      ...welcomeWords(event.data, { coopName: coop.name, orientation: entry, format: formatOf(coop.locale) }),
      data: { familyId, familyName: name },
      mail: { familyId, invitation: { method: 'REQUEST', entry }, calendar: true },
    },
    {
      audience: coordinators,
      ...registeredWords(event.data),
      data: { familyId, familyName: name, children: children.length },
    },
  ];
}

export const draftForDoubleBooking = ({ data }: DoubleBookedEvent, { locale }: CoopOfWords): Draft => ({
  audience: coordinators,
  ...doubleBookedWords(data, formatOf(locale)),
  data: { classId: data.class.classId, classTitle: data.class.title, conflicts: data.conflicts },
});

export const draftForClassCanceled = ({ data }: ClassCanceledEvent, { locale }: CoopOfWords): Draft => ({
  audience: coordinators,
  ...classCanceledWords(data, formatOf(locale)),
  data: { classId: data.class.classId, classTitle: data.class.title, reason: data.reason },
});
