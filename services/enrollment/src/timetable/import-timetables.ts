import type { Cache } from '@homeroom/cache';
import { isRefused } from '@homeroom/chassis';
import { unsealed, type ImportsOptions } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { classKey } from '../classes/open-class-cache.ts';
import { errors } from '../errors.ts';
import type { Terms } from '../seats/terms.ts';
import { importClasses } from './import-classes.ts';

interface TimetableDeps {
  readonly db: Database;
  readonly classes: Pick<Cache, 'invalidate'>;
  readonly terms: Terms;
  /** Of classes that name none. */
  readonly timeZone: string;
}

/** What a worker does with the timetables that wait: for `runImports`. */
export const importTimetables = (
  deps: TimetableDeps,
): Pick<ImportsOptions, 'db' | 'sealing' | 'titleOf' | 'importFile'> => ({
  db: deps.db,
  sealing: unsealed,
  titleOf: (code) => errors.entries[code]?.title ?? code,
  async importFile(db, file, run) {
    const outcome = await importClasses({ ...deps, db }, file, run);
    if (isRefused(outcome)) return outcome;
    const { report, changed } = outcome;
    // the events do it too, a moment later
    if (!report.preview) await deps.classes.invalidate(...changed.map((id) => classKey(db.coopId, id)));
    return report;
  },
});
