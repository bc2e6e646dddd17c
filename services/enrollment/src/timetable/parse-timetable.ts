import {
  centsCell,
  dateCell,
  parseRow,
  readTable,
  rejectedRow,
  timeCell,
  weekdayCell,
  wholeCell,
  type ColumnSpec,
  type Rejected,
  type Table,
} from '@homeroom/csv';
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import { findMistakes } from '../classes/class.ts';
import { fieldNames, type ClassDetails, type FieldName } from '../classes/schemas.ts';
import { newClass } from './schemas.ts';

interface FieldColumn extends ColumnSpec {
  readonly name: string;
  /** How a spreadsheet writes the field, when not as the API does. */
  readonly cell?: z.ZodType;
}

/** The column of each field. */
const columnsByField: Readonly<Record<FieldName, FieldColumn>> = {
  title: { name: 'title', synonyms: ['class', 'class title', 'class name', 'course'] },
  description: { name: 'description', synonyms: ['details', 'notes'] },
  subject: { name: 'subject', synonyms: ['category', 'topic'] },
  teacher: { name: 'teacher', synonyms: ['teacher name', 'instructor'] },
  room: { name: 'room', synonyms: ['location', 'place'] },
  weekday: { name: 'weekday', cell: weekdayCell, synonyms: ['day', 'day of week'] },
  startTime: { name: 'start', cell: timeCell, synonyms: ['start time', 'begins', 'from'] },
  endTime: { name: 'end', cell: timeCell, synonyms: ['end time', 'ends', 'to'] },
  firstDay: { name: 'first_day', cell: dateCell, synonyms: ['start date', 'first date'], date: true },
  lastDay: { name: 'last_day', cell: dateCell, synonyms: ['end date', 'last date'], date: true },
  timeZone: { name: 'time_zone' },
  ageMin: { name: 'age_min', cell: wholeCell, synonyms: ['min age', 'minimum age'] },
  ageMax: { name: 'age_max', cell: wholeCell, synonyms: ['max age', 'maximum age'] },
  capacity: { name: 'capacity', cell: wholeCell, synonyms: ['seats'] },
  priceCents: { name: 'price', cell: centsCell, synonyms: ['cost', 'fee', 'tuition'] },
  currency: { name: 'currency' },
  status: { name: 'status' },
};

/** A field that a new class needs not name is an optional column. */
const isRequired = (field: FieldName): boolean => !newClass.shape[field].safeParse(undefined).success;

const byName = <T>(of: (field: FieldName) => T): Record<string, T> =>
  Object.fromEntries(fieldNames.map((field) => [columnsByField[field].name, of(field)]));

const columns = byName((field): ColumnSpec => ({ ...columnsByField[field], required: isRequired(field) }));

const namesWhere = (condition: (field: FieldName) => boolean): string[] =>
  fieldNames.filter(condition).map((field) => columnsByField[field].name);
export const timetableColumns = {
  required: namesWhere(isRequired),
  optional: namesWhere((field) => !isRequired(field)),
};

const row = z.object(
  byName((field): z.ZodType => {
    const { cell } = columnsByField[field];
    return cell === undefined ? newClass.shape[field] : cell.pipe(newClass.shape[field]);
  }),
);

const detailsOf = (cells: z.infer<typeof row>, timeZone: string): ClassDetails => {
  const given = Object.fromEntries(fieldNames.map((field) => [field, cells[columnsByField[field].name]]));
  // the row's schema is made of the fields' own, and only the time zone may be absent
  return { ...given, timeZone: given['timeZone'] ?? timeZone } as ClassDetails;
};

export interface TimetableRow {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly details: ClassDetails;
}

export interface Timetable extends Pick<Table<string>, 'encoding' | 'delimiter' | 'ignoredColumns'> {
  readonly rows: readonly TimetableRow[];
  readonly rejected: readonly Rejected[];
}

/**
 * Reads a timetable: its good rows, and its bad ones with line, column, and reason.
 * @param timeZone of classes that name none.
 * @throws {UnreadableCsvError} when the file as a whole cannot be read.
 */
export async function parseTimetable(bytes: Buffer, timeZone: string, maxRows?: number): Promise<Timetable> {
  const table = await readTable(bytes, { columns, ...(maxRows === undefined ? {} : { maxRows }) });
  const rows: TimetableRow[] = [];
  const rejected = [...table.rejected];
  for (const [index, given] of table.rows.entries()) {
    // tens of thousands of rows take a second of CPU: let other requests run in between
    if (index % 200 === 199) await setImmediate();
    const parsed = parseRow(row, given);
    if ('reason' in parsed) {
      rejected.push(parsed);
      continue;
    }
    const details = detailsOf(parsed.data, timeZone);
    const [mistake] = findMistakes(details);
    if (mistake === undefined) {
      rows.push({ line: given.line, details });
      continue;
    }
    const column = columnsByField[mistake.field].name;
    rejected.push(rejectedRow(given.line, column, mistake.message, given.cells[column]));
  }
  return { ...table, rows, rejected: rejected.sort((a, b) => a.line - b.line) };
}
