import { z } from 'zod';

const id = z.uuid();
const version = z.int().positive();
/** A calendar day, `2026-09-07`. */
const day = z.iso.date();
/** A wall-clock time in the co-op's own time zone, `09:30`. */
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

/** A family as the rest of the house needs it: who they are, whom to write to, who their children are. */
export const familySnapshot = z.object({
  familyId: id,
  version,
  name: z.string(),
  guardians: z.array(z.object({ guardianId: id, name: z.string(), email: z.string() })).min(1),
  children: z.array(z.object({ childId: id, name: z.string(), birthDate: day })),
});
export type FamilySnapshot = z.infer<typeof familySnapshot>;

/** A class as the catalogue shows it, without the seats that are taken. */
export const classSnapshot = z.object({
  classId: id,
  version,
  title: z.string(),
  subject: z.string(),
  teacher: z.string(),
  room: z.string(),
  weekday: z.enum(weekdays),
  startTime: time,
  endTime: time,
  firstDay: day,
  lastDay: day,
  timeZone: z.string(),
  ageMin: z.int().nonnegative(),
  ageMax: z.int().nonnegative(),
  capacity: z.int().positive(),
  priceCents: z.int().nonnegative(),
  currency: z.string().length(3),
  status: z.enum(['open', 'closed']),
});
export type ClassSnapshot = z.infer<typeof classSnapshot>;

/** What every event of an enrolment tells: enough to write a mail and a calendar entry without asking anyone. */
const enrollment = z.object({
  enrollmentId: id,
  /** 1, 2, 3 … within the enrolment: its history is event-sourced. */
  version,
  familyId: id,
  child: z.object({ childId: id, name: z.string() }),
  class: classSnapshot,
});

export const enrollmentWaitlisted = enrollment.extend({ position: z.int().positive() });
export const enrollmentSeatHeld = enrollment.extend({ amountCents: z.int().positive() });
export const enrollmentConfirmed = enrollment.extend({ amountCents: z.int().nonnegative() });
export const enrollmentPromoted = enrollment.extend({ amountCents: z.int().nonnegative() });
export const enrollmentCancelled = enrollment.extend({
  reason: z.enum(['by_family', 'by_coordinator', 'payment_declined']),
  /** What is owed back, 0 when nothing was charged. */
  refundCents: z.int().nonnegative(),
});

export const notificationSent = z.object({
  notificationId: id,
  familyId: id,
  kind: z.string(),
  channel: z.enum(['email']),
});
