import { id } from '@homeroom/chassis';
import { z } from 'zod';
import { page } from '../classes/schemas.ts';

const statuses = ['payment_pending', 'enrolled', 'waitlisted', 'cancelled'] as const;

export const newEnrollment = z.strictObject({
  classId: id,
  childId: id,
  familyId: id.optional().describe('The child’s family; a guardian may name only the own one'),
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
  amountCents: z.int(),
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
  reason: z.enum(['by_family', 'by_coordinator', 'payment_declined']).optional(),
  refundCents: z.int().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const enrollmentList = z.object({ items: z.array(enrollmentItem), nextCursor: z.string().optional() });

export const enrollmentDetail = enrollmentItem.extend({
  history: z.array(
    z.object({
      version: z.int(),
      type: z.enum(['waitlisted', 'seat-held', 'promoted', 'confirmed', 'cancelled']),
      at: z.iso.datetime(),
      position: z.int().optional(),
      amountCents: z.int().optional(),
      reason: z.string().optional(),
      refundCents: z.int().optional(),
    }),
  ),
});

export const cancelled = z.object({ id: z.uuid(), status: z.literal('cancelled'), refundCents: z.int() });

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
    }),
  ),
  nextCursor: z.string().optional(),
});
