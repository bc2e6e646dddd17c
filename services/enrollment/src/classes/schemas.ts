import {
  currency,
  cursorParameter,
  id,
  integerParameter,
  limitParameter,
  pageOf,
  paragraphs,
  text,
  timeZone,
} from '@homeroom/chassis';
import { weekdays } from '@homeroom/contracts';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 09:30');
/** Postgres has no year 0. */
const day = z.iso.date().refine((value) => value >= '1900' && value < '2200', 'must be between 1900 and 2200');
const age = z.int().min(0).max(120);

/**
 * What a coordinator enters about a class: the one place that lists its fields. Types, validation, events, and imported rows
 * derive from it, SQL from `columns.ts`.
 */
export const fields = {
  title: text(200),
  description: paragraphs(4_000, 0),
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
  priceCents: z.int().min(0).max(10_000_000).describe('In the smallest unit of the currency: cents of USD, yen of JPY'),
  currency,
  status: z.enum(['open', 'closed']),
};

export type ClassDetails = Readonly<z.infer<z.ZodObject<typeof fields>>>;
export type FieldName = keyof ClassDetails;
export const fieldNames = Object.keys(fields) as FieldName[];

/** Since when and why a class does not take place. */
export const canceled = z.object({ at: z.iso.datetime(), reason: z.string() });

/** A class as everyone may see it. */
export const classView = z.object({
  id: z.uuid(),
  version: z.int(),
  ...fields,
  // old classes may have what is refused now: names of zones and currencies were not always checked
  timeZone: z.string(),
  currency: z.string(),
  seatsLeft: z.int(),
  waitlisted: z.int(),
  canceled: canceled.nullish().describe('Absent or null: the class takes place'),
});
export type ClassView = Readonly<z.infer<typeof classView>>;

export const classParams = z.strictObject({ classId: id });

/** Where a search continues. */
export const searchCursor = z.strictObject({ title: z.string(), id: z.uuid() });

const searchQuery = z.strictObject({
  q: text(200)
    .optional()
    .describe('Words of the title, subject, teacher, or description: their beginnings or other forms; no operators'),
  age: integerParameter(0, 120).optional(),
  day: z.enum(weekdays).optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});
export type Search = Omit<z.infer<typeof searchQuery>, 'cursor'> & {
  readonly after?: z.infer<typeof searchCursor> | undefined;
};

export const searchOperation = {
  tags: ['classes'],
  summary: 'Search the catalog',
  querystring: searchQuery,
  response: { 200: pageOf(classView) },
} satisfies FastifySchema;

export const readOperation = {
  tags: ['classes'],
  summary: 'Read a class and how many seats are left',
  params: classParams,
  response: { 200: classView },
  problems: ['class_not_found'],
} satisfies FastifySchema;
