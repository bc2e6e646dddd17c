import pg from 'pg';

type Parse = (text: string) => unknown;
type Nested = (string | null | Nested)[];

const oid = { int8: 20, date: 1082, textArray: 1009, int8Array: 1016, dateArray: 1182 } as const;
/** The driver's own; its types know the scalar types only, it knows more. */
const builtIn = pg.types.getTypeParser as (id: number, format?: 'text' | 'binary') => Parse;

/** A JSON number is a double: beyond 2^53 it would change silently, so such a value is an error instead. */
function toNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 ${text} does not fit a number; select it as text`);
  return value;
}

/** A day has no time zone; a Date would add one and shift it. */
const toDay = (text: string): string => text;

const arrayOf = (parse: Parse): Parse => {
  const parseEach = (entries: Nested): unknown[] =>
    entries.map((entry) => (Array.isArray(entry) ? parseEach(entry) : entry === null ? null : parse(entry)));
  return (text) => parseEach(builtIn(oid.textArray)(text) as Nested);
};

const parsers = new Map<number, Parse>([
  [oid.int8, toNumber],
  [oid.date, toDay],
  [oid.int8Array, arrayOf(toNumber)],
  [oid.dateArray, arrayOf(toDay)],
]);

/** int8 as number, date as 'YYYY-MM-DD', numeric as string (the driver's default), timestamptz as Date, jsonb parsed. */
export const columnTypes: pg.CustomTypesConfig = {
  getTypeParser: (id: number, format?: 'text' | 'binary') =>
    (format === 'binary' ? undefined : parsers.get(id)) ?? builtIn(id, format),
};
