import {
  centsCell,
  columnNames,
  dateCell,
  readRows,
  rowOf,
  shownValue,
  timeCell,
  weekdayCell,
  wholeCell,
  type Change,
  type ColumnSpec,
  type ImportFile,
  type Row,
} from '@homeroom/csv';
import type { z } from 'zod';
import { findMistakes } from '../classes/class.ts';
import { fieldNames, type ClassDetails, type FieldName } from '../classes/schemas.ts';
import { newClass } from './schemas.ts';

interface FieldColumn extends Omit<ColumnSpec, 'cell'> {
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

const columns: Readonly<Record<string, ColumnSpec>> = Object.fromEntries(
  fieldNames.map((field) => {
    const { name, cell, ...spec } = columnsByField[field];
    const value = newClass.shape[field];
    return [name, { ...spec, cell: cell === undefined ? value : cell.pipe(value) }];
  }),
);
export const timetableColumns = columnNames(columns);

/** The column that a field of a class has in a timetable. */
export const columnOfField = (field: FieldName): string => columnsByField[field].name;

/** A value as a timetable writes it: money as 145.00. */
const cellOf = (field: FieldName, details: ClassDetails): string | null =>
  shownValue(field === 'priceCents' ? (details.priceCents / 100).toFixed(2) : details[field]);

/** What differs between two versions of a class, by column. */
export const changesOf = (before: ClassDetails, after: ClassDetails): Change[] =>
  fieldNames
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field: columnOfField(field), from: cellOf(field, before), to: cellOf(field, after) }));

const schemaOf = (timeZone: string) =>
  rowOf(columns).transform((cells, ctx): ClassDetails => {
    const given = Object.fromEntries(fieldNames.map((field) => [field, cells[columnsByField[field].name]]));
    // the schema is made of the fields' own, and only the time zone may be absent
    const details = { ...given, timeZone: given['timeZone'] ?? timeZone } as ClassDetails;
    for (const { field, message } of findMistakes(details)) {
      ctx.addIssue({ code: 'custom', path: [columnsByField[field].name], message });
    }
    return details;
  });

export type TimetableRow = Row<ClassDetails>;

/**
 * Reads a timetable: its good rows, and its bad ones with line, column, and reason.
 * @param timeZone of classes that name none.
 */
export const parseTimetable = (file: ImportFile, timeZone: string) =>
  readRows(file, { columns, schema: schemaOf(timeZone) });
