import { idempotencyHeaders, ifMatchHeaders } from '@homeroom/chassis';
import { importOptions, importReport } from '@homeroom/csv';
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

const classPatch = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change something');
export type ClassPatch = z.infer<typeof classPatch>;

const doubleBooking = z.object({
  code: z.enum(['room_double_booked', 'teacher_double_booked']),
  classId: z.uuid().describe('The other class'),
  ...classView.pick({ title: true, weekday: true, startTime: true, endTime: true, firstDay: true, lastDay: true })
    .shape,
  message: z.string(),
});
/** A class that was opened or changed meets at an hour at which its room or its teacher has another class. */
export type DoubleBooking = Readonly<z.infer<typeof doubleBooking>>;

/** The class as written, and what a coordinator should look at although it was done. */
const writtenClass = classView.extend({ warnings: z.array(doubleBooking).readonly().default([]) });
export type WrittenClass = Readonly<z.infer<typeof writtenClass>>;

const timetableReport = importReport.extend({ warnings: z.array(doubleBooking.extend({ line: z.int() })).readonly() });
export type TimetableReport = Readonly<z.infer<typeof timetableReport>>;

const tags = ['classes'];
const coordinatorsOnly = ['unauthenticated', 'forbidden_role'];

export const createOperation = {
  tags,
  summary: 'Open a class (coordinator)',
  headers: idempotencyHeaders,
  body: newClass,
  response: { 201: writtenClass },
  sends: ['etag', 'location'],
  problems: [...coordinatorsOnly, 'class_exists'],
} satisfies FastifySchema;

export const changeOperation = {
  tags,
  summary: 'Change a class (coordinator)',
  params: classParams,
  headers: ifMatchHeaders,
  body: classPatch,
  response: { 200: writtenClass },
  sends: ['etag'],
  problems: [
    ...coordinatorsOnly,
    'class_not_found',
    'class_canceled',
    'class_exists',
    'capacity_below_taken',
    'currency_in_use',
  ],
} satisfies FastifySchema;

export const importOperation = importOptions({
  tags,
  summary:
    'Import a timetable (coordinator): good rows are imported, bad ones reported; a second import changes nothing',
  report: timetableReport,
});
