import { cursorParameter, id, idempotencyHeaders, limitParameter, pageOf, text } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { classParams, classView } from '../classes/schemas.ts';
import { chargeStates } from '../seats/charge.ts';
import { cancelReasons, entryTypes, flagReasons, statuses } from '../seats/enrollment.ts';

const page = { limit: limitParameter, cursor: cursorParameter };

const newEnrollment = z.strictObject({
  classId: id,
  childId: id,
  familyId: id.optional().describe('The child’s family; a guardian may name only their own'),
  override: z
    .strictObject({ age: z.literal(true), reason: text(500) })
    .optional()
    .describe('Coordinators only: overrides the age limits; the reason is recorded and shown in the roster'),
});

const enrollmentParams = z.strictObject({ enrollmentId: id });

const enrollmentsQuery = z.strictObject({
  status: z.enum(statuses).optional(),
  familyId: id.optional(),
  classId: id.optional(),
  ...page,
});
export type Filters = Omit<z.infer<typeof enrollmentsQuery>, 'cursor' | 'limit'>;

/** Newest first; the id holds the time. */
export const enrollmentsCursor = z.strictObject({ id: z.uuid() });

/** The order of a roster: seats, then the waitlist. */
export const rosterCursor = z.strictObject({ number: z.int(), enrollmentId: z.uuid() });
export type RosterPlace = Readonly<z.infer<typeof rosterCursor>>;
const rosterQuery = z.strictObject(page);

const enrolled = z.object({
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
/** An enrollment as enrolling and accepting answer it. */
export type Enrolled = Readonly<z.infer<typeof enrolled>>;

/** What lists show of a class beside its id. */
const listedFields = {
  title: true,
  teacher: true,
  room: true,
  weekday: true,
  startTime: true,
  endTime: true,
  firstDay: true,
  lastDay: true,
  timeZone: true,
  currency: true,
} as const;
export const listedClassFields = Object.keys(listedFields) as (keyof typeof listedFields)[];

const enrollmentItem = enrolled.extend({
  familyId: z.uuid(),
  class: classView.pick({ id: true, ...listedFields }),
  payment: z.enum(chargeStates).optional(),
  reason: z.enum(cancelReasons).optional(),
  refundCents: z.int().optional(),
  expiresAt: z.iso.datetime().optional().describe('When an offered seat goes to the next on the waitlist'),
  payBy: z.iso.datetime().optional().describe('Until when the seat is held after a declined payment'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

const noRefund = z.literal('class_ended').optional().describe('Why a paid seat is not refunded');
const recordedOverride = z.object({ age: z.literal(true), reason: z.string() });

/** What the history stores of an event, depending on its type. */
const eventData = z.object({
  position: z.int().optional(),
  amountCents: z.int().optional(),
  priceCents: z.int().optional(),
  currency: z.string().optional(),
  reason: z.string().optional(),
  refundCents: z.int().optional(),
  noRefund,
  classCanceled: z.object({ reason: z.string() }).optional().describe('The whole class is canceled'),
  status: z.enum(statuses).optional().describe('Of an enrollment whose class was moved'),
  before: z
    .object(
      classView.pick({ weekday: true, startTime: true, endTime: true, firstDay: true, lastDay: true, room: true })
        .shape,
    )
    .optional()
    .describe('When and where the class met before it was moved'),
  conflictsWith: z
    .object({
      classId: z.uuid(),
      ...classView.pick({ title: true, weekday: true, startTime: true, endTime: true }).shape,
    })
    .optional()
    .describe('The class that the child has at the hour of an offered seat'),
  expiresAt: z.iso.datetime().optional(),
  payBy: z.iso.datetime().optional(),
  override: recordedOverride.optional(),
});
export const historyFields = Object.keys(eventData.shape);

const historyEntry = z.object({
  version: z.int(),
  type: z.enum(entryTypes),
  at: z.iso.datetime(),
  ...eventData.shape,
});

const enrollmentDetail = enrollmentItem.extend({ history: z.array(historyEntry) });

const canceled = z.object({
  id: z.uuid(),
  status: z.literal('cancelled'),
  refundCents: z.int(),
  currency: z.string(),
  noRefund,
});

const place = z.object({
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
    .array(z.enum([...flagReasons, 'schedule_conflict']))
    .describe(
      'What about the child no longer fits the class; schedule_conflict: another class of the child meets at this hour',
    ),
  override: recordedOverride.optional(),
});

const tags = ['enrollments'];

export const enrollOperation = {
  tags,
  summary: 'Take a seat or a waitlist place',
  headers: idempotencyHeaders,
  body: newEnrollment,
  response: { 201: enrolled },
  sends: ['location', 'etag'],
  problems: [
    'unauthenticated',
    'forbidden_role',
    'class_not_found',
    'child_not_found',
    'family_not_ready',
    'already_enrolled',
    'class_closed',
    'class_canceled',
    'class_ended',
    'schedule_conflict',
    'age_out_of_range',
    'seats_contended',
  ],
} satisfies FastifySchema;

export const acceptOperation = {
  tags,
  summary: 'Accept a seat that was offered',
  params: enrollmentParams,
  headers: idempotencyHeaders,
  response: { 200: enrolled },
  sends: ['etag'],
  problems: [
    'unauthenticated',
    'enrollment_not_found',
    'not_offered',
    'offer_expired',
    'class_canceled',
    'class_ended',
    'schedule_conflict',
  ],
} satisfies FastifySchema;

export const cancelOperation = {
  tags,
  summary: 'Cancel; the seat goes to the first on the waitlist',
  params: enrollmentParams,
  response: { 200: canceled },
  problems: ['unauthenticated', 'enrollment_not_found'],
} satisfies FastifySchema;

export const listOperation = {
  tags,
  summary: 'List enrollments, newest first: a guardian’s own, or all for a coordinator',
  querystring: enrollmentsQuery,
  response: { 200: pageOf(enrollmentItem) },
  problems: ['unauthenticated'],
} satisfies FastifySchema;

export const readOperation = {
  tags,
  summary: 'Read an enrollment and its history',
  params: enrollmentParams,
  response: { 200: enrollmentDetail },
  problems: ['unauthenticated', 'enrollment_not_found'],
} satisfies FastifySchema;

export const rosterOperation = {
  tags,
  summary: 'List who is enrolled in a class and who is on its waitlist (coordinator)',
  params: classParams,
  querystring: rosterQuery,
  response: { 200: pageOf(place) },
  problems: ['unauthenticated', 'forbidden_role', 'class_not_found'],
} satisfies FastifySchema;
