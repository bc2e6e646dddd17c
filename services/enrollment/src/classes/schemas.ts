import { cursorParameter, integerParameter, limitParameter, id, text, timeZone } from '@homeroom/chassis';
import { weekdays } from '@homeroom/contracts';
import { tableReport } from '@homeroom/csv';
import { z } from 'zod';

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time, 09:30');
/** Postgres knows no year 0. */
const day = z.iso.date().refine((value) => value >= '1900' && value < '2200', 'must be between 1900 and 2200');
const age = z.int().min(0).max(120);

const fields = {
  title: text(200),
  description: text(4_000, 0),
  subject: text(100),
  teacher: text(200),
  room: text(100),
  weekday: z.enum(weekdays),
  startTime: time,
  endTime: time,
  firstDay: day,
  lastDay: day,
  timeZone,
  ageMin: age,
  ageMax: age,
  capacity: z.int().min(1).max(1_000),
  priceCents: z.int().min(0).max(10_000_000),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters, USD'),
  status: z.enum(['open', 'closed']),
};

export const newClass = z.strictObject({
  ...fields,
  description: fields.description.default(''),
  timeZone: timeZone.optional().describe('The co-op’s own when absent'),
  currency: fields.currency.default('USD'),
  status: fields.status.default('open'),
});

export const classPatch = z
  .strictObject(fields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'must change something');

export const classView = z.object({
  id: z.uuid(),
  version: z.int(),
  ...fields,
  /** Classes from before names were checked may have an offset or an abbreviation. */
  timeZone: z.string(),
  seatsLeft: z.int(),
  waitlisted: z.int(),
});

const doubleBooking = z.object({
  code: z.enum(['room_double_booked', 'teacher_double_booked']),
  classId: z.uuid().describe('The other class'),
  title: z.string(),
  weekday: z.enum(weekdays),
  startTime: time,
  endTime: time,
  firstDay: day,
  lastDay: day,
  message: z.string(),
});

/** What a change answers: the class, and what a coordinator should look at although it was done. */
export const writtenClass = classView.extend({ warnings: z.array(doubleBooking).readonly().default([]) });

export const classParams = z.strictObject({ classId: id });

export const page = { limit: limitParameter, cursor: cursorParameter };

export const searchQuery = z.strictObject({
  q: text(200)
    .optional()
    .describe('Words of the title, subject, teacher, or description: their beginnings or other forms; no operators'),
  age: integerParameter(0, 120).optional(),
  day: z.enum(weekdays).optional(),
  ...page,
});

/** Where a search goes on. */
export const searchCursor = z.strictObject({ title: z.string(), id: z.uuid() });

export const classList = z.object({ items: z.array(classView), nextCursor: z.string().optional() });

export const importQuery = z.strictObject({
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Report what the file would do, and write nothing'),
});

export const importReport = z.object({
  ...tableReport,
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  warnings: z.array(doubleBooking.extend({ line: z.int() })).readonly(),
});
