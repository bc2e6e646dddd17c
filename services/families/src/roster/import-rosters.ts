import { sealingWith, type ImportsOptions } from '@homeroom/csv';
import { errors } from '../errors.ts';
import { importRoster, type RosterDeps } from './import-roster.ts';

/** What a worker does with the rosters that wait: for `runImports`. @param tokenSecret the API seals files with it. */
export const importRosters = (
  deps: RosterDeps,
  tokenSecret: string,
): Pick<ImportsOptions, 'db' | 'sealing' | 'titleOf' | 'importFile'> => ({
  db: deps.database,
  sealing: sealingWith(tokenSecret),
  titleOf: (code) => errors.entries[code]?.title ?? code,
  importFile: (file, run) => importRoster(deps, file, run),
});
