import { isRefused, type Refused } from '@homeroom/chassis';
import { reportOf, unrecordedRun, type ImportFile, type ImportRun, type RowReport } from '@homeroom/csv';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import type { Terms } from '../seats/terms.ts';
import { bookedAgain } from './booking-store.ts';
import { flagDoubleBookings, mayDoubleBook } from './flag-double-bookings.ts';
import { keyOf, writeRows, type Outcome } from './write-rows.ts';
import { changesOf, parseTimetable, type TimetableRow } from './parse-timetable.ts';
import type { TimetableReport } from './schemas.ts';

/** More warnings are not listed. */
const maxWarnings = 200;

/** Small enough that a statement stays far below its timeout, and that shutdown need not wait. */
const chunkSize = 500;

/** What an import did, and the ids of the classes that it changed. */
interface Imported {
  readonly report: TimetableReport;
  readonly changed: readonly string[];
}

/**
 * Makes the classes match a timetable: all good rows or none of them, in one transaction, and a number of statements that
 * does not depend on the number of rows but for those whose seats or hours move people. The same file again changes nothing.
 * A row never moves a class to other dates than its own: the children enrolled in it would move with it, at another price.
 * @param deps timeZone: of classes that name none. terms: for families that get a seat from the waitlist.
 * @param file preview: does everything and rolls it back, for the report.
 * @param run records the report in the same transaction: a worker that continues the job finds it.
 */
export async function importClasses(
  { db, timeZone, terms }: { db: CoopDatabase; timeZone: string; terms: Terms },
  file: ImportFile,
  run: ImportRun = unrecordedRun,
): Promise<Imported | Refused<'unreadable_csv'>> {
  const before = run.written.get(0) as Imported | undefined;
  if (before !== undefined) return before;
  const timetable = await parseTimetable(file, timeZone);
  if (isRefused(timetable)) return timetable;
  const { preview } = file;
  const { wanted, repeated } = withoutRepeats(timetable.rows);
  const of = timetable.rows.length;
  const work = async (trx: CoopTransaction): Promise<Imported> => {
    const outcomes: Outcome[] = [];
    for (let start = 0; start < wanted.length; start += chunkSize) {
      run.signal.throwIfAborted();
      outcomes.push(...(await writeRows(trx, wanted.slice(start, start + chunkSize), terms)));
      // on a connection of its own: it is seen before the transaction ends
      if (start > 0) await run.saveProgress({ rows: start, of });
    }
    const reports = [...repeated, ...outcomes.map((one) => rowReport(one, preview))];
    const report = { ...reportOf(timetable, { preview, rows: reports }), warnings: await flag(trx, outcomes) };
    const changed = outcomes.flatMap((one) => (one.action === 'updated' ? [one.after.id] : []));
    await run.saveBatch(trx, 0, { report, changed }, { rows: of, of });
    return { report, changed };
  };
  return bookedAgain(() => transact(db, work, { keep: () => !preview }));
}

function withoutRepeats(rows: readonly TimetableRow[]): { wanted: TimetableRow[]; repeated: RowReport[] } {
  const wanted = new Map<string, TimetableRow>();
  const repeated: RowReport[] = [];
  for (const row of rows) {
    const earlier = wanted.get(keyOf(row.data));
    if (earlier === undefined) wanted.set(keyOf(row.data), row);
    else repeated.push(repeats(row, earlier));
  }
  return { wanted: [...wanted.values()], repeated };
}

const repeats = ({ line, data }: TimetableRow, earlier: TimetableRow): RowReport => ({
  line,
  action: 'rejected',
  field: 'title',
  value: data.title.slice(0, 60),
  reason: `is the same class as line ${earlier.line}. Remove one of the two, or give it another title, teacher, weekday, or start.`,
});

/** A class that a preview would open has no id yet. */
function rowReport(one: Outcome, preview: boolean): RowReport {
  if (one.action === 'rejected') return one;
  const { line, action, after } = one;
  if (action === 'updated') return { line, action, id: after.id, changes: changesOf(one.before, after) };
  return { line, action, id: preview && action === 'created' ? undefined : after.id };
}

async function flag(trx: CoopTransaction, outcomes: readonly Outcome[]): Promise<TimetableReport['warnings']> {
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
