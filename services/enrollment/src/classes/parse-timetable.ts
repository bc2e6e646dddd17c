import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { findMistakes, type ClassDetails } from './class.ts';
import { newClass } from './schemas.ts';

/** Column of the file → field of a class. */
const columns = {
  title: 'title',
  description: 'description',
  subject: 'subject',
  teacher: 'teacher',
  room: 'room',
  weekday: 'weekday',
  start: 'startTime',
  end: 'endTime',
  first_day: 'firstDay',
  last_day: 'lastDay',
  time_zone: 'timeZone',
  age_min: 'ageMin',
  age_max: 'ageMax',
  capacity: 'capacity',
  price: 'priceCents',
  currency: 'currency',
  status: 'status',
} as const satisfies Record<string, keyof ClassDetails>;

type Column = keyof typeof columns;
const optional: readonly Column[] = ['description', 'time_zone', 'currency', 'status'];
export const timetableColumns = {
  required: (Object.keys(columns) as Column[]).filter((name) => !optional.includes(name)),
  optional,
};

const whole = z
  .string()
  .regex(/^\d{1,9}$/, 'must be a whole number')
  .transform(Number);
/** Money is read as text: 145.10 has no exact double. */
const cents = z
  .string()
  .regex(/^\d{1,7}(\.\d{2})?$/, 'must be an amount, 145.00')
  .transform((amount) => Number(amount.replace('.', '')) * (amount.includes('.') ? 1 : 100));

const { shape } = newClass;
const row = z.object({
  ...shape,
  weekday: z
    .string()
    .overwrite((name) => name.toLowerCase())
    .pipe(shape.weekday),
  ageMin: whole.pipe(shape.ageMin),
  ageMax: whole.pipe(shape.ageMax),
  capacity: whole.pipe(shape.capacity),
  priceCents: cents.pipe(shape.priceCents),
});

export interface TimetableRow {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly details: ClassDetails;
}

export interface Rejected {
  readonly line: number;
  /** The column, when one is to blame. */
  readonly field?: string;
  readonly reason: string;
}

/** The file as a whole makes no sense. */
export class UnreadableTimetableError extends Error {
  override readonly name = 'UnreadableTimetableError';
}

/**
 * Reads a timetable: its good rows, and its bad ones with line and reason.
 * @param zone of classes that name none.
 * @throws {UnreadableTimetableError} when it is not UTF-8, or its header lacks a column or has an unknown one.
 */
export function parseTimetable(bytes: Buffer, zone: string): { rows: TimetableRow[]; rejected: Rejected[] } {
  const rejected: Rejected[] = [];
  const records = parse(decode(bytes), {
    bom: true,
    ltrim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // otherwise the parser stays lost after a stray quote and swallows the good rows that follow
    relax_quotes: true,
    skip_records_with_error: true,
    info: true,
    on_skip: (error) => {
      rejected.push({ line: Number(error?.['lines'] ?? 0), reason: error?.message ?? 'cannot be read' });
      return undefined;
    },
  }) as unknown as { record: string[]; info: { lines: number } }[];
  const [header, ...lines] = records;
  const names = checkHeader((header?.record ?? []).map((name) => name.trim()));
  const rows: TimetableRow[] = [];
  for (const { record, info } of lines) {
    const result = readRow(info.lines, names, record, zone);
    if ('reason' in result) rejected.push(result);
    else rows.push(result);
  }
  return { rows, rejected: rejected.sort((a, b) => a.line - b.line) };
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UnreadableTimetableError('it is not UTF-8', { cause: error });
  }
}

function checkHeader(names: readonly string[]): readonly Column[] {
  const complaints = [
    ...timetableColumns.required.filter((name) => !names.includes(name)).map((name) => `${name} is missing`),
    ...names.filter((name) => !Object.hasOwn(columns, name)).map((name) => `“${name.slice(0, 40)}” is unknown`),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is there twice`),
  ];
  if (complaints.length > 0) throw new UnreadableTimetableError(`columns: ${complaints.slice(0, 10).join(', ')}`);
  return names as readonly Column[];
}

const columnOf = (field: string): string =>
  Object.entries(columns).find(([, target]) => target === field)?.[0] ?? field;

function readRow(
  line: number,
  names: readonly Column[],
  record: readonly string[],
  zone: string,
): TimetableRow | Rejected {
  if (record.length !== names.length) {
    return { line, reason: `has ${record.length} cells where the header has ${names.length}` };
  }
  const filled = names
    .map((name, index) => [name, record[index]?.trim() ?? ''] as const)
    .filter(([, cell]) => cell !== '');
  const stray = filled.find(([, cell]) => cell.startsWith('"'));
  if (stray !== undefined) return { line, field: stray[0], reason: 'has a quote out of place' };
  const unfit = filled.find(([, cell]) => cell.includes('\0'));
  if (unfit !== undefined) return { line, field: unfit[0], reason: 'contains characters that are no text' };
  const given: Record<string, string> = Object.fromEntries(filled.map(([name, cell]) => [columns[name], cell]));
  const parsed = row.safeParse(given);
  if (!parsed.success) {
    const { path = [], message = 'cannot be read' } = parsed.error.issues[0] ?? {};
    const field = String(path[0]);
    return { line, field: columnOf(field), reason: field in given ? message : 'is missing' };
  }
  const details: ClassDetails = { ...parsed.data, timeZone: parsed.data.timeZone ?? zone };
  const [mistake] = findMistakes(details);
  if (mistake === undefined) return { line, details };
  return { line, field: columnOf(mistake.field), reason: mistake.message };
}
