import type { ClassSnapshot, DomainEvent } from '@homeroom/contracts';
import type { Entry } from '../calendars/calendar.ts';
import { formatFamily, type Format } from '../wording/format.ts';
import { oneLine } from '../wording/one-line.ts';
import type { Kind } from './kinds.ts';

/** The words of a notification and its mail. A blank line in the body starts a paragraph. */
export interface Words {
  readonly kind: Kind;
  readonly subject: string;
  readonly body: string;
}

const words = (kind: Kind, subject: string, ...paragraphs: readonly string[]): Words => ({
  kind,
  subject,
  body: paragraphs.filter((text) => text !== '').join('\n\n'),
});

const meeting = (course: ClassSnapshot, format: Format): string =>
  `${format.schedule(course)}\n${oneLine(course.room)}, with ${oneLine(course.teacher)}`;

const cancelReasons = {
  by_family: 'You canceled it.',
  by_coordinator: 'A coordinator canceled it.',
  payment_declined: 'The payment was declined.',
} as const;

type EnrollmentEventOf<T extends string> = Extract<DomainEvent, { type: `homeroom.enrollment.${T}.v1` }>;
export type EnrollmentEvent = EnrollmentEventOf<string>;

/** None for a held seat: the response to the family's own request said it. */
export function enrollmentWords(event: EnrollmentEvent, format: Format): Words | undefined {
  const { class: course, child } = event.data;
  const title = oneLine(course.title);
  const name = oneLine(child.name);
  switch (event.type) {
    case 'homeroom.enrollment.seat-held.v1':
      return undefined;
    case 'homeroom.enrollment.confirmed.v1': {
      const { amountCents, currency = course.currency } = event.data;
      return words(
        'confirmed',
        `${name} has a seat in ${title}`,
        `${name} is enrolled in ${title}.`,
        meeting(course, format),
        amountCents === 0 ? '' : `We have received ${format.money(amountCents, currency)}.`,
      );
    }
    case 'homeroom.enrollment.waitlisted.v1':
      return words(
        'waitlisted',
        `${name} is on the waitlist of ${title}`,
        `${title} is full. ${name} is number ${event.data.position} on its waitlist. We will write as soon as a seat is free.`,
        meeting(course, format),
      );
    case 'homeroom.enrollment.promoted.v1':
      return promotedWords(event, { title, name, format });
    case 'homeroom.enrollment.offered.v1':
      return offeredWords(event, { title, name, format });
    case 'homeroom.enrollment.offer-expired.v1':
      return words(
        'offer_expired',
        `The offer of a seat in ${title} has expired`,
        `The seat in ${title} that we held for ${name} was not accepted in time and goes to the next child on the waitlist. Nothing was charged.`,
      );
    case 'homeroom.enrollment.payment-failed.v1': {
      const { amountCents, currency, payBy } = event.data;
      return words(
        'payment_failed',
        `The payment for ${title} was declined`,
        `We could not collect ${format.money(amountCents, currency)} for the seat of ${name} in ${title}: the payment was declined.`,
        `We hold the seat until ${format.instant(payBy, course.timeZone)} and try again. If the payment does not succeed by then, the seat goes to the next child on the waitlist.`,
      );
    }
    case 'homeroom.enrollment.payment-delayed.v1': {
      const { amountCents, currency } = event.data;
      return words(
        'payment_delayed',
        `The payment for ${title} is delayed`,
        `The payment provider is not answering, so we have not collected ${format.money(amountCents, currency)} for the seat of ${name} in ${title} yet.`,
        'The seat is held, and you do not need to do anything: we try again, and write when the seat is confirmed.',
      );
    }
    case 'homeroom.enrollment.rescheduled.v1':
      return rescheduledWords(event, { title, name, format });
    case 'homeroom.enrollment.cancelled.v1':
      return cancelledWords(event, { title, name, format });
    case 'homeroom.enrollment.flagged.v1':
      return flaggedWords(event, { title, name });
  }
}

interface Context {
  readonly title: string;
  readonly name: string;
  readonly format: Format;
}

function promotedWords({ data }: EnrollmentEventOf<'promoted'>, { title, name, format }: Context): Words {
  const { class: course, amountCents, currency = course.currency } = data;
  if (amountCents === 0) {
    const enrolled = `${name} has moved up from the waitlist and is enrolled in ${title}.`;
    return words('promoted', `${name} has a seat in ${title}`, enrolled, meeting(course, format));
  }
  return words(
    'promoted',
    `A seat in ${title} is free for ${name}`,
    `${name} has moved up from the waitlist of ${title}.`,
    meeting(course, format),
    `We will now collect ${format.money(amountCents, currency)} and confirm the seat.`,
  );
}

function offeredWords({ data }: EnrollmentEventOf<'offered'>, { title, name, format }: Context): Words {
  const { class: course, amountCents, currency, conflictsWith, expiresAt } = data;
  const price = amountCents === 0 ? '' : ` for ${format.money(amountCents, currency)}`;
  return words(
    'offered',
    `A seat in ${title} is waiting for your answer`,
    `A seat in ${title} is free, and ${name} is first on its waitlist.`,
    meeting(course, format),
    `${name} also has ${oneLine(conflictsWith.title)} (${format.weekly(conflictsWith)}), which is at the same time. So we have charged nothing, and hold the seat until ${format.instant(expiresAt, course.timeZone)}.`,
    `To take the seat${price}, accept the offer in Homeroom. Without your answer it goes to the next child on the waitlist.`,
  );
}

function cancelledWords({ data }: EnrollmentEventOf<'cancelled'>, { title, name, format }: Context): Words {
  const { class: course, reason, refundCents, currency = course.currency, classCanceled } = data;
  const refund = refundCents === 0 ? '' : `We will refund ${format.money(refundCents, currency)}.`;
  if (classCanceled !== undefined) {
    return words(
      'class_canceled',
      `${title} is canceled`,
      `${title}, in which ${name} was enrolled or on the waitlist, does not take place.`,
      format.schedule(course),
      `The co-op gives this reason: ${classCanceled.reason}`,
      refund,
    );
  }
  return words(
    'cancelled',
    `${name} is no longer enrolled in ${title}`,
    `The enrollment of ${name} in ${title} has ended. ${cancelReasons[reason]}`,
    refund,
  );
}

/** Hours or room have changed, for a seat as for a place on the waitlist. */
function rescheduledWords({ data }: EnrollmentEventOf<'rescheduled'>, { title, name, format }: Context): Words {
  const { class: course, before, status } = data;
  const holds = status === 'waitlisted' ? `place of ${name} on the waitlist` : `seat of ${name}`;
  return words(
    'class_changed',
    `${title} meets at another time or place`,
    `The meetings of ${title} have changed. The ${holds} stays.`,
    `New:\n${meeting(course, format)}`,
    `Until now:\n${format.schedule(before)}\n${oneLine(before.room)}`,
    'If the new hours do not suit you, you can cancel in Homeroom.',
  );
}

function flaggedWords({ data }: EnrollmentEventOf<'flagged'>, { title, name }: Omit<Context, 'format'>): Words {
  const { class: course, reason, familyName } = data;
  const family = formatFamily(familyName);
  return words(
    'flagged',
    `Check the enrollment of ${name} in ${title}`,
    reason === 'child_removed'
      ? `The ${family} has removed ${name}, who is still enrolled in ${title}.`
      : `The birth date of ${name} (${family}) has changed and is now outside the ages of ${title}, ${course.ageMin} to ${course.ageMax}.`,
    'Nothing changes by itself.',
  );
}

export const welcomeWords = (
  { name }: { name: string },
  {
    coopName,
    orientation,
    format,
  }: { coopName: string; orientation: Pick<Entry, 'firstDay' | 'startTime'>; format: Format },
): Words =>
  words(
    'welcome',
    `Welcome to ${coopName}`,
    `The ${formatFamily(name)} is registered.`,
    `New families meet on ${format.day(orientation.firstDay)} at ${format.time(orientation.startTime)}; the invitation is attached.`,
  );

export const registeredWords = ({ name, children }: { name: string; children: readonly unknown[] }): Words =>
  words(
    'family_registered',
    `New family: ${oneLine(name)}`,
    `The ${formatFamily(name)} has registered with ${children.length} ${children.length === 1 ? 'child' : 'children'}.`,
  );

/** For coordinators: a room or a teacher that two classes have at the same time. */
export function doubleBookedWords(
  { class: course, conflicts, reason }: DomainEvent<'homeroom.class.double-booked.v1'>['data'],
  format: Format,
): Words {
  const title = oneLine(course.title);
  return words(
    'double_booked',
    `${title} is double-booked`,
    `${title}: ${format.schedule(course)}.`,
    ...conflicts.map((conflict) => {
      const other = `${oneLine(conflict.title)} (${format.weekly(conflict)})`;
      return conflict.over === 'room'
        ? `The room ${oneLine(course.room)} is also used by ${other}.`
        : `${oneLine(course.teacher)} also teaches ${other}.`;
    }),
    reason === undefined ? '' : `It was allowed for this reason: ${reason}`,
  );
}

/** For coordinators: each family has a notification of its own. */
export const classCanceledWords = (
  { class: course, reason }: DomainEvent<'homeroom.class.canceled.v1'>['data'],
  format: Format,
): Words =>
  words(
    'class_canceled',
    `${oneLine(course.title)} is canceled`,
    `${oneLine(course.title)}: ${format.schedule(course)}. Its families are notified, and what they have paid is refunded.`,
    `Reason: ${reason}`,
  );
