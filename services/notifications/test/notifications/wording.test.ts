import { describe, expect, test } from '@jest/globals';
import { eventTypes, examples, type DomainEvent, type EventType } from '@homeroom/contracts';
import {
  doubleBookedWords,
  enrollmentWords,
  registeredWords,
  welcomeWords,
  type EnrollmentEvent,
} from '../../src/notifications/wording.ts';
import { formatOf } from '../../src/wording/format.ts';

const format = formatOf('en-US');

type Name = EnrollmentEvent['type'] extends `homeroom.enrollment.${infer N}.v1` ? N : never;
const wordsOf = (name: Name, data: object = {}): ReturnType<typeof enrollmentWords> => {
  const type = `homeroom.enrollment.${name}.v1` as const;
  return enrollmentWords({ type, data: { ...examples[type], ...data } } as DomainEvent as EnrollmentEvent, format);
};
const meeting = 'Tuesdays, 10:00–11:30 AM, September 8 – December 15, 2026\nWorkshop, with Ines Duarte';

describe('D8, D10, D14: the words of', () => {
  test.each<[Name, object, string, string, string]>([
    [
      'confirmed',
      {},
      'confirmed',
      'Maya Okafor has a seat in Pottery for beginners',
      `Maya Okafor is enrolled in Pottery for beginners.\n\n${meeting}\n\nWe have received $85.00.`,
    ],
    [
      'confirmed',
      { amountCents: 1_500, currency: 'JPY' },
      'confirmed',
      'Maya Okafor has a seat in Pottery for beginners',
      `Maya Okafor is enrolled in Pottery for beginners.\n\n${meeting}\n\nWe have received ¥1,500.`,
    ],
    [
      'waitlisted',
      {},
      'waitlisted',
      'Maya Okafor is on the waitlist of Pottery for beginners',
      `Pottery for beginners is full. Maya Okafor is number 3 on its waitlist. We will write as soon as a seat is free.\n\n${meeting}`,
    ],
    [
      'promoted',
      {},
      'promoted',
      'A seat in Pottery for beginners is free for Maya Okafor',
      `Maya Okafor has moved up from the waitlist of Pottery for beginners.\n\n${meeting}\n\nWe will now collect $85.00 and confirm the seat.`,
    ],
    [
      'promoted',
      { amountCents: 0 },
      'promoted',
      'Maya Okafor has a seat in Pottery for beginners',
      `Maya Okafor has moved up from the waitlist and is enrolled in Pottery for beginners.\n\n${meeting}`,
    ],
    [
      'offered',
      {},
      'offered',
      'A seat in Pottery for beginners is waiting for your answer',
      `A seat in Pottery for beginners is free, and Maya Okafor is first on its waitlist.\n\n${meeting}\n\nMaya Okafor also has Choir (Tuesdays, 10:30–11:30 AM), which is at the same time. So we have charged nothing, and hold the seat until November 23, 2026 at 2:00 AM CST.\n\nTo take the seat for $85.00, accept the offer in Homeroom. Without your answer it goes to the next child on the waitlist.`,
    ],
    [
      'offer-expired',
      {},
      'offer_expired',
      'The offer of a seat in Pottery for beginners has expired',
      'The seat in Pottery for beginners that we held for Maya Okafor was not accepted in time and goes to the next child on the waitlist. Nothing was charged.',
    ],
    [
      'cancelled',
      { classCanceled: { reason: 'Ines is ill.' } },
      'class_canceled',
      'Pottery for beginners is canceled',
      'Pottery for beginners, in which Maya Okafor was enrolled or on the waitlist, does not take place.\n\nTuesdays, 10:00–11:30 AM, September 8 – December 15, 2026\n\nThe co-op gives this reason: Ines is ill.\n\nWe will refund $85.00.',
    ],
    [
      'rescheduled',
      {},
      'class_changed',
      'Pottery for beginners meets at another time or place',
      'The meetings of Pottery for beginners have changed. The seat of Maya Okafor stays.\n\nNew:\nThursdays, 10:00–11:30 AM, September 10 – December 17, 2026\nWorkshop, with Ines Duarte\n\nUntil now:\nTuesdays, 10:00–11:30 AM, September 8 – December 15, 2026\nWorkshop\n\nIf the new hours do not suit you, you can cancel in Homeroom.',
    ],
    [
      'payment-failed',
      {},
      'payment_failed',
      'The payment for Pottery for beginners was declined',
      'We could not collect $85.00 for the seat of Maya Okafor in Pottery for beginners: the payment was declined.\n\nWe hold the seat until November 23, 2026 at 2:00 AM CST and try again. If the payment does not succeed by then, the seat goes to the next child on the waitlist.',
    ],
    [
      'payment-delayed',
      {},
      'payment_delayed',
      'The payment for Pottery for beginners is delayed',
      'The payment provider is not answering, so we have not collected $85.00 for the seat of Maya Okafor in Pottery for beginners yet.\n\nThe seat is held, and you do not need to do anything: we try again, and write when the seat is confirmed.',
    ],
    [
      'cancelled',
      {},
      'cancelled',
      'Maya Okafor is no longer enrolled in Pottery for beginners',
      'The enrollment of Maya Okafor in Pottery for beginners has ended. You canceled it.\n\nWe will refund $85.00.',
    ],
    [
      'flagged',
      {},
      'flagged',
      'Check the enrollment of Maya Okafor in Pottery for beginners',
      'The Okafor family has removed Maya Okafor, who is still enrolled in Pottery for beginners.\n\nNothing changes by itself.',
    ],
    [
      'flagged',
      { reason: 'age_out_of_range', familyName: 'Okafor Family' },
      'flagged',
      'Check the enrollment of Maya Okafor in Pottery for beginners',
      'The birth date of Maya Okafor (Okafor family) has changed and is now outside the ages of Pottery for beginners, 7 to 11.\n\nNothing changes by itself.',
    ],
  ])('%s with %j', (name, data, kind, subject, body) => {
    expect(wordsOf(name, data)).toEqual({ kind, subject, body });
  });

  test('a registration, in the inbox of the family and of the coordinators', () => {
    const family = { name: 'Sec Family', children: [{}, {}] };
    expect(
      welcomeWords(family, {
        coopName: 'Willow Creek',
        orientation: { firstDay: '2027-01-09', startTime: '10:00' },
        format,
      }).body,
    ).toBe(
      'The Sec family is registered.\n\nNew families meet on Saturday, January 9, 2027 at 10:00 AM; the invitation is attached.',
    );
    expect(registeredWords(family)).toMatchObject({
      subject: 'New family: Sec Family',
      body: 'The Sec family has registered with 2 children.',
    });
  });

  test('a room and a teacher that are double-booked', () => {
    const { class: course, conflicts } = examples['homeroom.class.double-booked.v1'];
    const [first] = conflicts;
    const both = [...conflicts, ...(first === undefined ? [] : [{ ...first, over: 'teacher' as const }])];
    const words = doubleBookedWords({ class: course, conflicts: both }, format);
    expect(words).toEqual({
      kind: 'double_booked',
      subject: 'Pottery for beginners is double-booked',
      body: 'Pottery for beginners: Tuesdays, 10:00–11:30 AM, September 8 – December 15, 2026.\n\nThe room Workshop is also used by Choir (Tuesdays, 10:30–11:30 AM).\n\nInes Duarte also teaches Choir (Tuesdays, 10:30–11:30 AM).',
    });
  });
});

test.each((Object.keys(eventTypes) as EventType[]).filter((type) => type.startsWith('homeroom.enrollment.')))(
  'D14: %s names no day, time, or amount in machine form',
  (type) => {
    const words = enrollmentWords({ type, data: examples[type] } as DomainEvent as EnrollmentEvent, format);
    expect(`${words?.subject ?? ''} ${words?.body ?? ''}`).not.toMatch(
      /\d{4}-\d{2}-\d{2}|\b\d{2}:\d{2}\b(?! [AP]M|–)|USD|tuesday/,
    );
  },
);
