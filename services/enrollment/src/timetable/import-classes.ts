import { listRows, UnreadableCsvError, type Rejected, type RowReport } from '@homeroom/csv';
import { transact, type Database, type Transaction } from '@homeroom/postgres';
import { datesOverlap, sameDetails } from '../classes/class.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';
import { isRefused, refuse, unlessRefused, type Refused } from '../outcome.ts';
import { changeDetails } from './change-class.ts';
import { createClasses } from './create-class.ts';
import { flagDoubleBookings, mayDoubleBook } from './flag-double-bookings.ts';
import { parseTimetable, type TimetableRow } from './parse-timetable.ts';
import type { ImportReport } from './schemas.ts';
import { readByNaturalKeys, type NaturalKey } from './store.ts';

/** More warnings are not listed. */
const maxWarnings = 200;

/** Title, teacher, day, and time identify the class that a row means. */
const keyOf = ({ title, teacher, weekday, startTime }: NaturalKey): string =>
  JSON.stringify([title, teacher, weekday, startTime]);

type Outcome = { readonly line: number } & (
  | { readonly action: 'created' | 'unchanged'; readonly after: ClassView }
  | { readonly action: 'updated'; readonly before: ClassView; readonly after: ClassView }
  | { readonly action: 'rejected'; readonly field: string; readonly reason: string }
);

/**
 * Makes the classes match a timetable: all good rows or none of them. The same file again changes nothing. A row never
 * moves a class to other dates than its own: the children enrolled in it would move with it, at another price.
 * @param request preview: does everything and rolls it back, for the report.
 * @returns a report, and the ids of the classes that were changed.
 */
export async function importClasses(
  { db }: { db: Database },
  request: { bytes: Buffer; timeZone: string; preview?: boolean; maxRows?: number },
): Promise<{ report: ImportReport; changed: string[] } | Refused<'unreadable_csv'>> {
  const { bytes, timeZone, preview = false, maxRows } = request;
  const timetable = await parseTimetable(bytes, timeZone, maxRows).catch(asRefusal);
  if (isRefused(timetable)) return timetable;
  const { rows, rejected: unreadable, ...table } = timetable;
  const { wanted, repeated } = withoutRepeats(rows);
  return transact(db, work, { keep: () => !preview });

  async function work(trx: Transaction): Promise<{ report: ImportReport; changed: string[] }> {
    const outcomes = await apply(trx, wanted);
    const rejected = [...unreadable, ...repeated, ...outcomes.flatMap(rejection)].sort((a, b) => a.line - b.line);
    const count = (action: Outcome['action']): number => outcomes.filter((one) => one.action === action).length;
    const report = {
      preview,
      encoding: table.encoding,
      delimiter: table.delimiter,
      ignoredColumns: table.ignoredColumns,
      created: count('created'),
      updated: count('updated'),
      unchanged: count('unchanged'),
      rejected,
      rows: listRows(
        outcomes.flatMap((one) => rowReport(one, preview)),
        rejected,
      ),
      warnings: await flag(trx, outcomes),
    };
    const changed = outcomes.flatMap((one) => (one.action === 'updated' ? [one.after.id] : []));
    return { report, changed };
  }
}

function asRefusal(error: unknown): Refused<'unreadable_csv'> {
  if (error instanceof UnreadableCsvError) return refuse('unreadable_csv', error.message);
  throw error;
}

function withoutRepeats(rows: readonly TimetableRow[]): { wanted: TimetableRow[]; repeated: Rejected[] } {
  const wanted = new Map<string, TimetableRow>();
  const repeated: Rejected[] = [];
  for (const row of rows) {
    const earlier = wanted.get(keyOf(row.details));
    if (earlier === undefined) wanted.set(keyOf(row.details), row);
    else repeated.push({ line: row.line, reason: `is the same class as line ${earlier.line}` });
  }
  return { wanted: [...wanted.values()], repeated };
}

async function apply(trx: Transaction, rows: readonly TimetableRow[]): Promise<Outcome[]> {
  const existing = await readByNaturalKeys(
    trx,
    rows.map(({ details }) => details),
  );
  const byKey = new Map(existing.map((one) => [keyOf(one), one]));
  const outcomes: Outcome[] = [];
  const missing: TimetableRow[] = [];
  for (const row of rows) {
    const found = byKey.get(keyOf(row.details));
    if (found === undefined) missing.push(row);
    else outcomes.push(await change(trx, found, row));
  }
  if (missing.length === 0) return outcomes;
  const created = await createClasses(
    trx,
    missing.map(({ details }) => details),
  );
  const createdByKey = new Map(created.map((one) => [keyOf(one), one]));
  const late: TimetableRow[] = [];
  for (const row of missing) {
    const after = createdByKey.get(keyOf(row.details));
    if (after === undefined) late.push(row);
    else outcomes.push({ line: row.line, action: 'created', after });
  }
  // another request has opened these meanwhile
  return late.length === 0 ? outcomes : [...outcomes, ...(await apply(trx, late))];
}

async function change(trx: Transaction, found: ClassView, { line, details }: TimetableRow): Promise<Outcome> {
  if (sameDetails(found, details)) return { line, action: 'unchanged', after: found };
  if (!datesOverlap(found, details)) return { line, action: 'rejected', field: 'first_day', reason: otherTerm(found) };
  const outcome = await changeDetails(trx, { classId: found.id, patch: details });
  if (isRefused(outcome)) {
    const field = refusedColumns[outcome.code];
    // refused before anything was written: the transaction can go on
    if (field !== undefined) return { line, action: 'rejected', field, reason: outcome.detail ?? outcome.code };
    return unlessRefused(outcome);
  }
  const { before, after, changed } = outcome;
  return changed ? { line, action: 'updated', before, after } : { line, action: 'unchanged', after };
}

/** What a change of one class may be refused for, and the column to look at. */
const refusedColumns: Readonly<Record<string, string>> = {
  capacity_below_taken: 'capacity',
  currency_in_use: 'currency',
};

const otherTerm = ({ firstDay, lastDay }: ClassDetails): string =>
  `A class with this title, teacher, day, and time runs from ${firstDay} to ${lastDay}. ` +
  'Give the new one another title, or change that class.';

const rejection = (one: Outcome): Rejected[] =>
  one.action === 'rejected' ? [{ line: one.line, field: one.field, reason: one.reason }] : [];

/** A class that a preview would open has no id yet. */
const rowReport = (one: Outcome, preview: boolean): RowReport[] => {
  if (one.action === 'rejected') return [];
  const { line, action } = one;
  return [preview && action === 'created' ? { line, action } : { line, action, id: one.after.id }];
};

async function flag(trx: Transaction, outcomes: readonly Outcome[]): Promise<ImportReport['warnings']> {
  const written = outcomes
    .flatMap((one) =>
      one.action === 'created' || (one.action === 'updated' && mayDoubleBook(one.before, one.after)) ? [one] : [],
    )
    .sort((a, b) => a.line - b.line);
  const warnings = await flagDoubleBookings(
    trx,
    written.map(({ after }) => after),
  );
  return written
    .flatMap(({ line, after }) => (warnings.get(after.id) ?? []).map((warning) => ({ line, ...warning })))
    .slice(0, maxWarnings);
}
