import { fieldNames, type FieldName } from './schemas.ts';

/** The type of each field's column in `classes`. */
const columnTypes = {
  title: 'text',
  description: 'text',
  subject: 'text',
  teacher: 'text',
  room: 'text',
  weekday: 'text',
  startTime: 'text',
  endTime: 'text',
  firstDay: 'date',
  lastDay: 'date',
  timeZone: 'text',
  ageMin: 'int',
  ageMax: 'int',
  capacity: 'int',
  priceCents: 'int',
  currency: 'text',
  status: 'text',
} as const satisfies Record<FieldName, string>;

/** The column of a field, which is its name in snake_case. */
const columnOf = (field: FieldName): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const listOf = (write: (field: FieldName) => string): string => fieldNames.map(write).join(', ');

/** The columns of a class's fields: `title, …, start_time, …`. */
export const columnNames = listOf(columnOf);

/** The same columns as values of `recordOf`. */
export const recordValues = listOf((field) => `d."${field}"`);

/** What an update sets from a row of `recordOf`. */
export const recordAssignments = listOf((field) => `${columnOf(field)} = d."${field}"`);

/** Classes with their ids in the parameter $1, a JSON array, as rows of `d`. */
export const recordOf = `jsonb_to_recordset($1::jsonb) as d(id uuid, ${listOf((field) => `"${field}" ${columnTypes[field]}`)})`;

/** Pairs of `json_build_object`: fields of a row of `classes` by their names in the API. */
export const fieldPairs = (row: string, names: readonly FieldName[] = fieldNames): string =>
  names.map((field) => `'${field}', ${row}.${columnOf(field)}`).join(', ');

/** A class as JSON, in the shape of `ClassView`: read once, stored and sent as it is. Takes a row of `classes`. */
export const classJson = (row: string): string => `json_build_object(
  'id', ${row}.class_id, 'version', ${row}.version, ${fieldPairs(row)},
  'seatsLeft', ${row}.capacity - ${row}.taken, 'waitlisted', ${row}.waitlisted)`;
