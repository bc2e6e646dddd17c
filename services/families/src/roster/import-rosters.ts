import { sealingWith, type ImportsOptions } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { errors } from '../errors.ts';
import type { Passwords } from '../credentials/passwords.ts';
import { importRoster } from './import-roster.ts';

/** What a worker does with the rosters that wait: for `runImports`. @param tokenSecret the API seals files with it. */
export const importRosters = (
  { database, passwords }: { database: Database; passwords: Passwords },
  tokenSecret: string,
): Pick<ImportsOptions, 'db' | 'sealing' | 'titleOf' | 'importFile'> => ({
  db: database,
  sealing: sealingWith(tokenSecret),
  titleOf: (code) => errors.entries[code]?.title ?? code,
  importFile: (db, file, run) => importRoster({ db, passwords }, file, run),
});
