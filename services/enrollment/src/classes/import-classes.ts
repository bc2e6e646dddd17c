import { Problem } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { datesOverlap, sameDetails, type ClassDetails } from './class.ts';
import { changeClass } from './change-class.ts';
import { createClasses } from './create-class.ts';
import { parseTimetable, type Rejected, type TimetableRow } from './parse-timetable.ts';
import { readByNaturalKeys, type NaturalKey } from './store.ts';

export interface ImportReport {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: readonly Rejected[];
}

/** Title, teacher, day and time say which class a row means. */
const keyOf = ({ title, teacher, weekday, startTime }: NaturalKey): string =>
  JSON.stringify([title, teacher, weekday, startTime]);

/**
 * Makes the classes match a timetable: all good rows or none of them. The same file again changes nothing. A row never
 * moves a class to other dates than its own: the children enrolled in it would move with it, at another price.
 * @returns a report, and the ids of classes that were changed.
 * @throws {UnreadableTimetableError}
 */
export async function importClasses(
  db: Database,
  { bytes, timeZone }: { bytes: Buffer; timeZone: string },
): Promise<{ report: ImportReport; changed: string[] }> {
  const { rows, rejected: unreadable } = parseTimetable(bytes, timeZone);
  return db.transaction(async (trx) => {
    const rejected = [...unreadable];
    const wanted = new Map<string, TimetableRow>();
    for (const row of rows) {
      const earlier = wanted.get(keyOf(row.details));
      if (earlier === undefined) wanted.set(keyOf(row.details), row);
      else rejected.push({ line: row.line, reason: `is the same class as line ${earlier.line}` });
    }
    const existing = new Map(
      (
        await readByNaturalKeys(
          trx,
          [...wanted.values()].map(({ details }) => details),
        )
      ).map((one) => [keyOf(one), one]),
    );
    const missing: ClassDetails[] = [];
    const changed: string[] = [];
    let unchanged = 0;
    for (const [key, { line, details }] of wanted) {
      const found = existing.get(key);
      if (found === undefined) {
        missing.push(details);
        continue;
      }
      if (!datesOverlap(found, details)) {
        rejected.push({ line, field: 'first_day', reason: otherTerm(found) });
        continue;
      }
      try {
        if (!sameDetails(found, details) && (await changeClass(trx, found.id, details)).changed) changed.push(found.id);
        else unchanged += 1;
      } catch (error) {
        // decided before anything was written: the transaction can go on
        if (!(error instanceof Problem) || error.code !== 'capacity_below_taken') throw error;
        rejected.push({ line, field: 'capacity', reason: error.detail ?? error.title });
      }
    }
    const created = await createClasses(trx, missing);
    const report = {
      created: created.length,
      updated: changed.length,
      unchanged: unchanged + missing.length - created.length,
      rejected: rejected.sort((a, b) => a.line - b.line),
    };
    return { report, changed };
  });
}

const otherTerm = ({ firstDay, lastDay }: ClassDetails): string =>
  `A class with this title, teacher, day, and time runs from ${firstDay} to ${lastDay}. ` +
  'Give the new one another title, or change that class.';
