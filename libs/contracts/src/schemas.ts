import { z } from 'zod';

const id = z.uuid();
const version = z.int().positive();
/** A calendar day, `2026-09-07`. */
const day = z.iso.date();
/** A wall-clock time in the co-op's own time zone, `09:30`. */
const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/);
const currency = z.string().length(3);

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

export const coopStatuses = ['open', 'suspended', 'closed'] as const;

/** A co-op as every process holds it: the tenant that a request, an account, and a row belong to. */
export const coopSnapshot = z.object({
  coopId: id,
  version,
  /** Its short name in paths, commands, and logs; it never changes. */
  slug: z.string(),
  name: z.string(),
  /** Host names, without ports and in lower case, that only this co-op has. */
  hosts: z.array(z.string()),
  /** IANA name. */
  timeZone: z.string(),
  /** ISO 4217. */
  currency,
  /** BCP 47. */
  locale: z.string(),
  status: z.enum(coopStatuses),
  /** Limits by name. */
  quotas: z.record(z.string(), z.int().nonnegative()),
});
export type CoopSnapshot = z.infer<typeof coopSnapshot>;

/** A family as other services need it: its name, whom to write to, and its children. */
export const familySnapshot = z.object({
  familyId: id,
  version,
  name: z.string(),
  guardians: z
    .array(
      z.object({
        guardianId: id,
        name: z.string(),
        email: z.string(),
        /** Whether the address is known to belong to the guardian. Absent in older events: true. */
        emailVerified: z.boolean().optional(),
      }),
    )
    .min(1),
  children: z.array(z.object({ childId: id, name: z.string(), birthDate: day })),
});
export type FamilySnapshot = z.infer<typeof familySnapshot>;

/** A class as the catalog shows it, without the number of seats taken. */
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
  currency,
  status: z.enum(['open', 'closed']),
});
export type ClassSnapshot = z.infer<typeof classSnapshot>;

/** An account and its address, for mails that concern only the account. No secret: see `tokenId`. */
const account = z.object({ accountId: id, email: z.string() });

/**
 * A mail with a single-use link is wanted. The event names the token without being worth anything itself: the token is
 * derived from `tokenId` by `accountToken`, with a secret that only the publisher and the mailer have.
 */
export const accountTokenRequested = account.extend({ tokenId: id, expiresAt: z.iso.datetime() });
export const accountPasswordChanged = account;
/** Many wrong passwords for one account, from any number of addresses. */
export const accountSignInAttacked = account.extend({
  failures: z.int().positive(),
  withinMinutes: z.int().positive(),
});
/** A coordinator's account with its name and address, for mails to coordinators. Repeated whenever the account is saved. */
export const accountCoordinatorSaved = account.extend({ name: z.string() });

/** What identifies a class that meets at the same time. */
const otherClass = classSnapshot.pick({ classId: true, title: true, weekday: true, startTime: true, endTime: true });

/** What every event of an enrollment contains: enough for a mail and a calendar entry without another query. */
const enrollment = z.object({
  enrollmentId: id,
  /** 1, 2, 3 … within the enrollment: its history is event-sourced. */
  version,
  familyId: id,
  child: z.object({ childId: id, name: z.string() }),
  class: classSnapshot,
});

/** `currency` is of the amount. Absent in older events: the class's. */
export const enrollmentWaitlisted = enrollment.extend({ position: z.int().positive() });
export const enrollmentSeatHeld = enrollment.extend({ amountCents: z.int().positive(), currency: currency.optional() });
const price = { amountCents: z.int().nonnegative(), currency: currency.optional() };
export const enrollmentConfirmed = enrollment.extend(price);
export const enrollmentPromoted = enrollment.extend(price);
/** A seat is free for the first on the waitlist, but the child now has another class at that time: nothing is charged until
 *  the family accepts. */
export const enrollmentOffered = enrollment.extend({
  amountCents: z.int().nonnegative(),
  currency,
  reason: z.enum(['schedule_conflict']),
  /** The class in the way. */
  conflictsWith: otherClass,
  /** When the seat goes to the next on the waitlist. */
  expiresAt: z.iso.datetime(),
});
/** The offer was not accepted in time: the enrollment has ended, and the seat goes to the next family. */
export const enrollmentOfferExpired = enrollment;
/** The provider declined the charge. The seat is held until `payBy`, and the charge is tried again. */
export const enrollmentPaymentFailed = enrollment.extend({
  amountCents: z.int().positive(),
  currency,
  payBy: z.iso.datetime(),
});
/** The provider has not answered for a while: the seat is held, and the charge is tried again. Once per charge. */
export const enrollmentPaymentDelayed = enrollment.extend({ amountCents: z.int().positive(), currency });
/** The child no longer fits what the enrollment was made for: for coordinators to look at. Nothing changes by itself. */
export const enrollmentFlagged = enrollment.extend({
  reason: z.enum(['child_removed', 'age_out_of_range']),
  familyName: z.string(),
});
export const enrollmentCancelled = enrollment.extend({
  reason: z.enum(['by_family', 'by_coordinator', 'payment_declined']),
  /** What is owed back, 0 when nothing was charged. */
  refundCents: z.int().nonnegative(),
  currency: currency.optional(),
  /** Present when the whole class is canceled, whichever request ended the enrollment: why. */
  classCanceled: z.object({ reason: z.string() }).optional(),
});

/** The meetings of the class have changed: `class` has the new hours and room, `before` the old ones. */
export const enrollmentRescheduled = enrollment.extend({
  /** The enrollment's, which does not change. */
  status: z.enum(['waitlisted', 'offered', 'payment_pending', 'enrolled']),
  before: classSnapshot.pick({
    weekday: true,
    startTime: true,
    endTime: true,
    firstDay: true,
    lastDay: true,
    room: true,
  }),
});

/** The class does not take place. Each of its enrollments is canceled by an event of its own, soon after this one. */
export const classCanceled = z.object({ class: classSnapshot, canceledAt: z.iso.datetime(), reason: z.string() });

/** A class that was opened or changed meets in a room, or with a teacher, that another class has at that time. */
export const classDoubleBooked = z.object({
  class: classSnapshot,
  conflicts: z.array(z.object({ over: z.enum(['room', 'teacher']), ...otherClass.shape })).min(1),
  /** Why a coordinator has allowed it. Absent in older events, from before it had to be allowed. */
  reason: z.string().optional(),
});

export const notificationSent = z.object({
  notificationId: id,
  familyId: id,
  kind: z.string(),
  channel: z.enum(['email']),
});
