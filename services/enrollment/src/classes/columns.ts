import { fieldNames, type ClassDetails, type FieldName } from './schemas.ts';

/** The column of a field, which is its name in snake_case. */
const columnOf = (field: FieldName): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The columns of a class's fields: `title, …, start_time, …`. */
export const columnNames = fieldNames.map(columnOf).join(', ');

/** The same columns of a row: `d.title, …`. */
export const columnsOf = (row: string): string => fieldNames.map((field) => `${row}.${columnOf(field)}`).join(', ');

/** A class as JSON for `jsonb_populate_recordset(null::classes, …)`. */
export const rowOf = ({ id, ...details }: ClassDetails & { id: string }): object => ({
  class_id: id,
  ...Object.fromEntries(fieldNames.map((field) => [columnOf(field), details[field]])),
});

/** Pairs of `json_build_object`: fields of a row of `classes` by their names in the API. */
export const fieldPairs = (row: string, names: readonly FieldName[] = fieldNames): string =>
  names.map((field) => `'${field}', ${row}.${columnOf(field)}`).join(', ');

/** The row of `class_seats` that belongs to a row of `classes`, to join after it: locks are taken in this order. */
export const seatsOf = (row: string, seats = 's'): string =>
  `join class_seats ${seats} on ${seats}.coop_id = ${row}.coop_id and ${seats}.class_id = ${row}.class_id`;

/**
 * A class as JSON, in the shape of `ClassView`: read once, stored and sent as it is. Takes a row of `classes`, and its row of
 * `class_seats`.
 */
export const classJson = (row: string, seats = 's'): string => `json_build_object(
  'id', ${row}.class_id, 'version', ${row}.version, ${fieldPairs(row)},
  'seatsLeft', ${row}.capacity - ${seats}.taken, 'waitlisted', ${seats}.waitlisted,
  'canceled', case when ${row}.canceled_at is not null then json_build_object(
    'at', to_char(${row}.canceled_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'reason', ${row}.cancel_reason) end)`;
