import {
  centsCell,
  dateCell,
  parseRow,
  readTable,
  rejectedRow,
  timeCell,
  weekdayCell,
  wholeCell,
  type Columns,
  type Rejected,
  type Table,
} from '@homeroom/csv';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { findMistakes, type ClassDetails } from './class.ts';
import { newClass } from './schemas.ts';

const columns = {
  title: { required: true, synonyms: ['class', 'class title', 'class name', 'course'] },
  description: { synonyms: ['details', 'notes'] },
  subject: { required: true, synonyms: ['category', 'topic'] },
  teacher: { required: true, synonyms: ['teacher name', 'instructor'] },
  room: { required: true, synonyms: ['location', 'place'] },
  weekday: { required: true, synonyms: ['day', 'day of week'] },
  start: { required: true, synonyms: ['start time', 'begins', 'from'] },
  end: { required: true, synonyms: ['end time', 'ends', 'to'] },
  first_day: { required: true, synonyms: ['start date', 'first date'], date: true },
  last_day: { required: true, synonyms: ['end date', 'last date'], date: true },
  time_zone: {},
  age_min: { required: true, synonyms: ['min age', 'minimum age'] },
  age_max: { required: true, synonyms: ['max age', 'maximum age'] },
  capacity: { required: true, synonyms: ['seats'] },
  price: { required: true, synonyms: ['cost', 'fee', 'tuition'] },
  currency: {},
  status: {},
} as const satisfies Columns<string>;

type Column = keyof typeof columns;

const names = Object.keys(columns) as Column[];
const isRequired = (name: Column): boolean => 'required' in columns[name];
export const timetableColumns = {
  required: names.filter(isRequired),
  optional: names.filter((name) => !isRequired(name)),
};

const { shape } = newClass;
const row = z.object({
  title: shape.title,
  description: shape.description,
  subject: shape.subject,
  teacher: shape.teacher,
  room: shape.room,
  weekday: weekdayCell.pipe(shape.weekday),
  start: timeCell.pipe(shape.startTime),
  end: timeCell.pipe(shape.endTime),
  first_day: dateCell.pipe(shape.firstDay),
  last_day: dateCell.pipe(shape.lastDay),
  time_zone: shape.timeZone,
  age_min: wholeCell.pipe(shape.ageMin),
  age_max: wholeCell.pipe(shape.ageMax),
  capacity: wholeCell.pipe(shape.capacity),
  price: centsCell.pipe(shape.priceCents),
  currency: shape.currency,
  status: shape.status,
});

const detailsOf = (cells: z.infer<typeof row>, zone: string): ClassDetails => ({
  title: cells.title,
  description: cells.description,
  subject: cells.subject,
  teacher: cells.teacher,
  room: cells.room,
  weekday: cells.weekday,
  startTime: cells.start,
  endTime: cells.end,
  firstDay: cells.first_day,
  lastDay: cells.last_day,
  timeZone: cells.time_zone ?? zone,
  ageMin: cells.age_min,
  ageMax: cells.age_max,
  capacity: cells.capacity,
  priceCents: cells.price,
  currency: cells.currency,
  status: cells.status,
});

/** The column of a field that contradicts another. */
const columnOf: Partial<Record<keyof ClassDetails, Column>> = {
  endTime: 'end',
  lastDay: 'last_day',
  ageMax: 'age_max',
  weekday: 'weekday',
};

export interface TimetableRow {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly details: ClassDetails;
}

export interface Timetable extends Pick<Table<Column>, 'encoding' | 'delimiter' | 'ignoredColumns'> {
  readonly rows: readonly TimetableRow[];
  readonly rejected: readonly Rejected[];
}

/**
 * Reads a timetable: its good rows, and its bad ones with line, column, and reason.
 * @param zone of classes that name none.
 * @throws {UnreadableCsvError} when the file as a whole makes no sense.
 */
export async function parseTimetable(bytes: Buffer, zone: string, maxRows?: number): Promise<Timetable> {
  const table = await readTable(bytes, { columns, ...(maxRows === undefined ? {} : { maxRows }) });
  const rows: TimetableRow[] = [];
  const rejected = [...table.rejected];
  for (const [index, given] of table.rows.entries()) {
    // tens of thousands of rows are a second of work: other requests get their turns
    if (index % 200 === 199) await setImmediate();
    const parsed = parseRow(row, given);
    if ('reason' in parsed) {
      rejected.push(parsed);
      continue;
    }
    const details = detailsOf(parsed.data, zone);
    const [mistake] = findMistakes(details);
    if (mistake === undefined) {
      rows.push({ line: given.line, details });
      continue;
    }
    const column = columnOf[mistake.field] ?? 'title';
    rejected.push(rejectedRow(given.line, column, mistake.message, given.cells[column]));
  }
  return { ...table, rows, rejected: rejected.sort((a, b) => a.line - b.line) };
}
