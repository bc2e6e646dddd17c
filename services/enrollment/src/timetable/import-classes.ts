import { accepted, isRefused, type Refused } from '@homeroom/chassis';
import { reportOf, type ImportFile, type RowReport } from '@homeroom/csv';
import { transact, type Database, type Transaction } from '@homeroom/postgres';
import { datesOverlap, sameDetails } from '../classes/class.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';
import { errors } from '../errors.ts';
import type { Terms } from '../seats/terms.ts';
import { bookedAgain } from './booking-store.ts';
import { changeDetails } from './change-class.ts';
import { createClasses } from './create-class.ts';
import { flagDoubleBookings, mayDoubleBook } from './flag-double-bookings.ts';
import { parseTimetable, type TimetableRow } from './parse-timetable.ts';
import type { TimetableReport } from './schemas.ts';
import { readByNaturalKeys, type NaturalKey } from './store.ts';

/** More warnings are not listed. */
const maxWarnings = 200;

/** Title, teacher, day, and time identify the class that a row means. */
const keyOf = ({ title, teacher, weekday, startTime }: NaturalKey): string =>
  JSON.stringify([title, teacher, weekday, startTime]);

/** What became of a row, and the class as it was and is now. */
type Outcome =
  | { readonly line: number; readonly action: 'created' | 'unchanged'; readonly after: ClassView }
  | { readonly line: number; readonly action: 'updated'; readonly before: ClassView; readonly after: ClassView }
  | Extract<RowReport, { action: 'rejected' }>;

/**
 * Makes the classes match a timetable: all good rows or none of them. The same file again changes nothing. A row never
 * moves a class to other dates than its own: the children enrolled in it would move with it, at another price.
 * @param deps timeZone: of classes that name none. terms: for families that get a seat from the waitlist.
 * @param file preview: does everything and rolls it back, for the report.
 * @returns a report, and the ids of the classes that were changed.
 */
export async function importClasses(
  { db, timeZone, terms }: { db: Database; timeZone: string; terms: Terms },
  file: ImportFile,
): Promise<{ report: TimetableReport; changed: string[] } | Refused<'unreadable_csv'>> {
  const timetable = await parseTimetable(file, timeZone);
  if (isRefused(timetable)) return timetable;
  const { preview } = file;
  const { wanted, repeated } = withoutRepeats(timetable.rows);
  const work = async (trx: Transaction): Promise<{ report: TimetableReport; changed: string[] }> => {
    const outcomes = await apply(trx, wanted, terms);
    const reports = [...repeated, ...outcomes.map((one) => rowReport(one, preview))];
    const report = reportOf(timetable, { preview, rows: reports });
    const changed = outcomes.flatMap((one) => (one.action === 'updated' ? [one.after.id] : []));
    return { report: { ...report, warnings: await flag(trx, outcomes) }, changed };
  };
  return bookedAgain(() => transact(db, work, { keep: () => !preview }));
}

function withoutRepeats(rows: readonly TimetableRow[]): { wanted: TimetableRow[]; repeated: RowReport[] } {
  const wanted = new Map<string, TimetableRow>();
  const repeated: RowReport[] = [];
  for (const row of rows) {
    const earlier = wanted.get(keyOf(row.data));
    if (earlier === undefined) wanted.set(keyOf(row.data), row);
    else repeated.push({ line: row.line, action: 'rejected', reason: `is the same class as line ${earlier.line}` });
  }
  return { wanted: [...wanted.values()], repeated };
}

async function apply(trx: Transaction, rows: readonly TimetableRow[], terms: Terms): Promise<Outcome[]> {
  const known = byKey(await readByNaturalKeys(trx, detailsOf(rows)));
  const outcomes: Outcome[] = [];
  const missing: TimetableRow[] = [];
  for (const row of rows) {
    const found = known.get(keyOf(row.data));
    if (found === undefined) missing.push(row);
    else outcomes.push(await change(trx, found, row, terms));
  }
  if (missing.length === 0) return outcomes;
  const created = byKey(await createClasses(trx, detailsOf(missing)));
  const late: TimetableRow[] = [];
  for (const row of missing) {
    const after = created.get(keyOf(row.data));
    if (after === undefined) late.push(row);
    else outcomes.push({ line: row.line, action: 'created', after });
  }
  // another request has opened these meanwhile
  return late.length === 0 ? outcomes : [...outcomes, ...(await apply(trx, late, terms))];
}

const detailsOf = (rows: readonly TimetableRow[]): ClassDetails[] => rows.map(({ data }) => data);
const byKey = (classes: readonly ClassView[]): Map<string, ClassView> =>
  new Map(classes.map((one) => [keyOf(one), one]));

async function change(
  trx: Transaction,
  found: ClassView,
  { line, data: details }: TimetableRow,
  terms: Terms,
): Promise<Outcome> {
  if (sameDetails(found, details)) return { line, action: 'unchanged', after: found };
  if (!datesOverlap(found, details)) return { line, action: 'rejected', field: 'first_day', reason: otherTerm(found) };
  const outcome = await changeDetails(trx, { classId: found.id, patch: details }, terms);
  if (isRefused(outcome)) {
    const field = refusedColumns[outcome.code];
    // refused before anything was written: the transaction can go on
    if (field !== undefined) return { line, action: 'rejected', field, reason: outcome.detail ?? outcome.code };
    return accepted(errors, outcome);
  }
  const { before, after, changed } = outcome;
  return changed ? { line, action: 'updated', before, after } : { line, action: 'unchanged', after };
}

/** What a change of one class may be refused for, and the column to look at. */
const refusedColumns: Readonly<Record<string, string>> = {
  capacity_below_taken: 'capacity',
  class_canceled: 'title',
  currency_in_use: 'currency',
};

const otherTerm = ({ firstDay, lastDay }: ClassDetails): string =>
  `A class with this title, teacher, day, and time runs from ${firstDay} to ${lastDay}. ` +
  'Give the new one another title, or change that class.';

/** A class that a preview would open has no id yet. */
function rowReport(one: Outcome, preview: boolean): RowReport {
  if (one.action === 'rejected') return one;
  const { line, action, after } = one;
  return { line, action, id: preview && action === 'created' ? undefined : after.id };
}

async function flag(trx: Transaction, outcomes: readonly Outcome[]): Promise<TimetableReport['warnings']> {
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
