import { idempotencyHeaders, ifMatchHeaders, text } from '@homeroom/chassis';
import { importOperations, importReport } from '@homeroom/csv';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { classParams, classView, fields } from '../classes/schemas.ts';

export const newClass = z.strictObject({
  ...fields,
  description: fields.description.default(''),
  timeZone: fields.timeZone.optional().describe('The co-op’s own when absent'),
  currency: fields.currency.default('USD'),
  status: fields.status.default('open'),
});
export type NewClass = z.infer<typeof newClass>;

const override = z
  .strictObject({ doubleBooking: z.literal(true), reason: text(500) })
  .describe('Books a room or a teacher that another class has at that hour; the reason is kept and reported')
  .optional();
/** A double booking that a coordinator wants, and why. */
export type Override = NonNullable<z.infer<typeof override>>;

const classFields = z.strictObject(fields).partial();
export type ClassPatch = z.infer<typeof classFields>;

const classChange = classFields
  .extend({ override })
  .refine((change) => Object.keys(change).some((name) => name !== 'override'), 'must change something');

const doubleBooking = z.object({
  code: z.enum(['room_double_booked', 'teacher_double_booked']),
  classId: z.uuid().describe('The other class'),
  ...classView.pick({ title: true, weekday: true, startTime: true, endTime: true, firstDay: true, lastDay: true })
    .shape,
  message: z.string(),
});
/** A class that was opened or changed meets at an hour at which its room or its teacher has another class. */
export type DoubleBooking = Readonly<z.infer<typeof doubleBooking>>;

const childConflict = z.object({
  enrollmentId: z.uuid(),
  child: z.object({ id: z.uuid(), name: z.string() }),
  family: z.object({ id: z.uuid(), name: z.string() }),
  class: z
    .object({
      id: z.uuid(),
      ...classView.pick({ title: true, weekday: true, startTime: true, endTime: true, firstDay: true, lastDay: true })
        .shape,
    })
    .describe('The other class'),
});

/** The class as written, and what a coordinator should look at although it was done. */
const writtenClass = classView.extend({ warnings: z.array(doubleBooking).readonly().default([]) });
export type WrittenClass = Readonly<z.infer<typeof writtenClass>>;

const changedClass = writtenClass.extend({
  childConflicts: z
    .array(childConflict)
    .readonly()
    .describe('When the hours change: the first 200 children in two classes at once; the roster flags all of them'),
});
export type ChangedClass = Readonly<z.infer<typeof changedClass>>;

const timetableReport = importReport.extend({ warnings: z.array(doubleBooking.extend({ line: z.int() })).readonly() });
export type TimetableReport = Readonly<z.infer<typeof timetableReport>>;

const tags = ['classes'];
const coordinatorsOnly = ['unauthenticated', 'forbidden_role'];

export const createOperation = {
  tags,
  summary: 'Open a class (coordinator)',
  headers: idempotencyHeaders,
  body: newClass.extend({ override }),
  response: { 201: writtenClass },
  sends: ['etag', 'location'],
  problems: [...coordinatorsOnly, 'class_exists', 'double_booked'],
} satisfies FastifySchema;

export const changeOperation = {
  tags,
  summary: 'Change a class (coordinator): when its hours or its room change, everyone is notified',
  params: classParams,
  querystring: z.strictObject({
    preview: z
      .enum(['true', 'false'])
      .default('false')
      .transform((value) => value === 'true')
      .describe('Does everything and rolls it back: the class as it would be, with the conflicts'),
  }),
  headers: ifMatchHeaders,
  body: classChange,
  response: { 200: changedClass },
  sends: ['etag'],
  problems: [
    ...coordinatorsOnly,
    'class_not_found',
    'class_canceled',
    'class_exists',
    'double_booked',
    'capacity_below_taken',
    'currency_in_use',
  ],
} satisfies FastifySchema;

export const importClassesOperations = importOperations({
  tags,
  summary:
    'Import a timetable (coordinator): good rows are imported, bad ones reported; a second import changes nothing',
  report: timetableReport,
  job: 'TimetableImport',
});
