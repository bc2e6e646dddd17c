import type { ClassSnapshot, DomainEvent } from '@homeroom/contracts';
import {
  formatDay,
  formatFamily,
  formatInstant,
  formatMoney,
  formatSchedule,
  formatTime,
  formatWeekly,
} from '../wording/format.ts';
import type { Kind } from './kinds.ts';
import { oneLine } from '../wording/one-line.ts';

/** The words of a notification and its mail. A blank line in the body begins a paragraph. */
export interface Words<K extends Kind = Kind> {
  readonly kind: K;
  readonly subject: string;
  readonly body: string;
}

const paragraphs = (...texts: readonly string[]): string => texts.filter((text) => text !== '').join('\n\n');

/** When and where a class meets, in a paragraph of its own. */
const meeting = (course: ClassSnapshot): string =>
  `${formatSchedule(course)}\n${oneLine(course.room)}, with ${oneLine(course.teacher)}`;

const cancelReasons = {
  by_family: 'You canceled it.',
  by_coordinator: 'A coordinator canceled it.',
  payment_declined: 'The payment was declined.',
} as const;

type EnrollmentEventOf<T extends string> = Extract<DomainEvent, { type: `homeroom.enrollment.${T}.v1` }>;
export type EnrollmentEvent = EnrollmentEventOf<string>;

/** Nothing for a held seat: the answer to the family's own request said it. */
export function enrollmentWords(event: EnrollmentEvent): Words | undefined {
  const { class: course, child } = event.data;
  const title = oneLine(course.title);
  const name = oneLine(child.name);
  switch (event.type) {
    case 'homeroom.enrollment.seat-held.v1':
      return undefined;
    case 'homeroom.enrollment.confirmed.v1': {
      const { amountCents, currency = course.currency } = event.data;
      return {
        kind: 'confirmed',
        subject: `${name} has a seat in ${title}`,
        body: paragraphs(
          `${name} is enrolled in ${title}.`,
          meeting(course),
          amountCents === 0 ? '' : `We have received ${formatMoney(amountCents, currency)}.`,
        ),
      };
    }
    case 'homeroom.enrollment.waitlisted.v1':
      return {
        kind: 'waitlisted',
        subject: `${name} is on the waitlist of ${title}`,
        body: paragraphs(
          `${title} is full. ${name} is number ${event.data.position} on its waitlist. We will write as soon as a seat is free.`,
          meeting(course),
        ),
      };
    case 'homeroom.enrollment.promoted.v1': {
      const { amountCents, currency = course.currency } = event.data;
      return {
        kind: 'promoted',
        subject: amountCents === 0 ? `${name} has a seat in ${title}` : `A seat in ${title} is free for ${name}`,
        body: paragraphs(
          amountCents === 0
            ? `${name} has moved up from the waitlist and is enrolled in ${title}.`
            : `${name} has moved up from the waitlist of ${title}.`,
          meeting(course),
          amountCents === 0 ? '' : `We will now collect ${formatMoney(amountCents, currency)} and confirm the seat.`,
        ),
      };
    }
    case 'homeroom.enrollment.offered.v1': {
      const { amountCents, currency, conflictsWith, expiresAt } = event.data;
      const price = amountCents === 0 ? '' : ` for ${formatMoney(amountCents, currency)}`;
      return {
        kind: 'offered',
        subject: `A seat in ${title} is waiting for your answer`,
        body: paragraphs(
          `A seat in ${title} is free, and ${name} is first on its waitlist.`,
          meeting(course),
          `${name} also has ${oneLine(conflictsWith.title)} (${formatWeekly(conflictsWith)}), which is at the same time. So we have charged nothing, and hold the seat until ${formatInstant(expiresAt, course.timeZone)}.`,
          `To take the seat${price}, accept the offer in Homeroom. Without your answer it goes to the next child on the waitlist.`,
        ),
      };
    }
    case 'homeroom.enrollment.offer-expired.v1':
      return {
        kind: 'offer_expired',
        subject: `The offer of a seat in ${title} has expired`,
        body: `The seat in ${title} that we held for ${name} was not accepted in time and goes to the next child on the waitlist. Nothing was charged.`,
      };
    case 'homeroom.enrollment.payment-failed.v1': {
      const { amountCents, currency, payBy } = event.data;
      return {
        kind: 'payment_failed',
        subject: `The payment for ${title} was declined`,
        body: paragraphs(
          `We could not collect ${formatMoney(amountCents, currency)} for the seat of ${name} in ${title}: the payment was declined.`,
          `We hold the seat until ${formatInstant(payBy, course.timeZone)} and try again. If the payment does not succeed by then, the seat goes to the next child on the waitlist.`,
        ),
      };
    }
    case 'homeroom.enrollment.payment-delayed.v1': {
      const { amountCents, currency } = event.data;
      return {
        kind: 'payment_delayed',
        subject: `The payment for ${title} is delayed`,
        body: paragraphs(
          `The payment provider is not answering, so we have not collected ${formatMoney(amountCents, currency)} for the seat of ${name} in ${title} yet.`,
          'The seat is held, and you do not need to do anything: we try again, and write when the seat is confirmed.',
        ),
      };
    }
    case 'homeroom.enrollment.cancelled.v1': {
      const { reason, refundCents, currency = course.currency } = event.data;
      return {
        kind: 'cancelled',
        subject: `${name} is no longer enrolled in ${title}`,
        body: paragraphs(
          `The enrollment of ${name} in ${title} has ended. ${cancelReasons[reason]}`,
          refundCents === 0 ? '' : `We will refund ${formatMoney(refundCents, currency)}.`,
        ),
      };
    }
    case 'homeroom.enrollment.flagged.v1':
      return flaggedWords(event);
  }
}

function flaggedWords({ data }: EnrollmentEventOf<'flagged'>): Words<'flagged'> {
  const { class: course, child, reason, familyName } = data;
  const title = oneLine(course.title);
  const name = oneLine(child.name);
  const family = formatFamily(familyName);
  return {
    kind: 'flagged',
    subject: `Check the enrollment of ${name} in ${title}`,
    body: paragraphs(
      reason === 'child_removed'
        ? `The ${family} has removed ${name}, who is still enrolled in ${title}.`
        : `The birth date of ${name} (${family}) has changed and is now outside the ages of ${title}, ${course.ageMin} to ${course.ageMax}.`,
      'Nothing changes by itself.',
    ),
  };
}

/** A new family is welcomed. @param orientation when new families meet. */
export const welcomeWords = (
  { name }: { name: string },
  { coopName, day, time }: { coopName: string; day: string; time: string },
): Words<'welcome'> => ({
  kind: 'welcome',
  subject: `Welcome to ${coopName}`,
  body: paragraphs(
    `The ${formatFamily(name)} is registered.`,
    `New families meet on ${formatDay(day)} at ${formatTime(time)}; the invitation is attached.`,
  ),
});

export const registeredWords = ({
  name,
  children,
}: {
  name: string;
  children: readonly unknown[];
}): Words<'family_registered'> => ({
  kind: 'family_registered',
  subject: `New family: ${oneLine(name)}`,
  body: `The ${formatFamily(name)} has registered with ${children.length} ${children.length === 1 ? 'child' : 'children'}.`,
});

/** Coordinators learn of a room or a teacher that two classes have at once. */
export function doubleBookedWords({
  class: course,
  conflicts,
}: Extract<DomainEvent, { type: 'homeroom.class.double-booked.v1' }>['data']): Words<'double_booked'> {
  const title = oneLine(course.title);
  return {
    kind: 'double_booked',
    subject: `${title} is double-booked`,
    body: paragraphs(
      `${title}: ${formatSchedule(course)}.`,
      ...conflicts.map((conflict) => {
        const other = `${oneLine(conflict.title)} (${formatWeekly(conflict)})`;
        return conflict.over === 'room'
          ? `The room ${oneLine(course.room)} is also used by ${other}.`
          : `${oneLine(course.teacher)} also teaches ${other}.`;
      }),
    ),
  };
}
