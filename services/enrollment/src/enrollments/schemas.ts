import { id, text } from '@homeroom/chassis';
import { z } from 'zod';
import { page } from '../classes/schemas.ts';

const statuses = ['payment_pending', 'offered', 'enrolled', 'waitlisted', 'cancelled'] as const;

export const newEnrollment = z.strictObject({
  classId: id,
  childId: id,
  familyId: id.optional().describe('The child’s family; a guardian may name only the own one'),
  override: z
    .strictObject({ age: z.literal(true), reason: text(500) })
    .optional()
    .describe('Coordinators only: sets the age limits aside; the reason is recorded and shown in the roster'),
});

export const enrollmentParams = z.strictObject({ enrollmentId: id });

export const enrollmentsQuery = z.strictObject({
  status: z.enum(statuses).optional(),
  familyId: id.optional(),
  classId: id.optional(),
  ...page,
});

/** Newest first; the id holds the time. */
export const enrollmentsCursor = z.strictObject({ id: z.uuid() });

/** The order of a roster: seats, then the waitlist. */
export const rosterCursor = z.strictObject({ number: z.int(), enrollmentId: z.uuid() });
export const rosterQuery = z.strictObject(page);

export const enrolled = z.object({
  id: z.uuid(),
  version: z.int(),
  status: z.enum(statuses),
  position: z.int().optional().describe('Place on the waitlist, 1 is next'),
  class: z.object({ id: z.uuid(), title: z.string() }),
  child: z.object({ id: z.uuid(), name: z.string() }),
  amountCents: z.int().describe('0 on the waitlist'),
  priceCents: z.int().optional().describe('On the waitlist: what the seat will cost at most'),
  currency: z.string().describe('Of the amounts'),
});

const enrollmentItem = enrolled.extend({
  familyId: z.uuid(),
  class: z.object({
    id: z.uuid(),
    title: z.string(),
    teacher: z.string(),
    room: z.string(),
    weekday: z.string(),
    startTime: z.string(),
    endTime: z.string(),
    firstDay: z.string(),
    lastDay: z.string(),
    timeZone: z.string(),
    currency: z.string(),
  }),
  payment: z.enum(['due', 'charged', 'declined', 'void', 'refund_due', 'refunded']).optional(),
  reason: z.enum(['by_family', 'by_coordinator', 'payment_declined', 'offer_expired']).optional(),
  refundCents: z.int().optional(),
  expiresAt: z.iso.datetime().optional().describe('When an offered seat goes to the next on the waitlist'),
  payBy: z.iso.datetime().optional().describe('Until when the seat is held after a declined payment'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const enrollmentList = z.object({ items: z.array(enrollmentItem), nextCursor: z.string().optional() });

export const enrollmentDetail = enrollmentItem.extend({
  history: z.array(
    z.object({
      version: z.int(),
      type: z.enum([
        'waitlisted',
        'seat-held',
        'offered',
        'offer-expired',
        'promoted',
        'confirmed',
        'payment-failed',
        'payment-delayed',
        'flagged',
        'cancelled',
      ]),
      at: z.iso.datetime(),
      position: z.int().optional(),
      amountCents: z.int().optional(),
      priceCents: z.int().optional(),
      currency: z.string().optional(),
      reason: z.string().optional(),
      refundCents: z.int().optional(),
      noRefund: z.literal('class_ended').optional().describe('Why a paid seat is not refunded'),
      conflictsWith: z
        .object({
          classId: z.uuid(),
          title: z.string(),
          weekday: z.string(),
          startTime: z.string(),
          endTime: z.string(),
        })
        .optional()
        .describe('The class that the child has at the hour of an offered seat'),
      expiresAt: z.iso.datetime().optional(),
      payBy: z.iso.datetime().optional(),
      override: z.object({ age: z.literal(true), reason: z.string() }).optional(),
    }),
  ),
});

export const cancelled = z.object({
  id: z.uuid(),
  status: z.literal('cancelled'),
  refundCents: z.int(),
  currency: z.string(),
  noRefund: z.literal('class_ended').optional().describe('Why a paid seat is not refunded'),
});

export const roster = z.object({
  items: z.array(
    z.object({
      enrollmentId: z.uuid(),
      status: z.enum(statuses),
      position: z.int().optional(),
      child: z.object({ id: z.uuid(), name: z.string(), birthDate: z.iso.date() }),
      family: z.object({
        id: z.uuid(),
        name: z.string(),
        guardians: z.array(z.object({ name: z.string(), email: z.string() })),
      }),
      flags: z
        .array(z.enum(['child_removed', 'age_out_of_range']))
        .describe('What about the child no longer fits the class'),
      override: z.object({ age: z.literal(true), reason: z.string() }).optional(),
    }),
  ),
  nextCursor: z.string().optional(),
});
