import { commandConfig } from '@homeroom/chassis';
import { runImport } from '@homeroom/csv';
import { commandDatabase } from '@homeroom/postgres';
import { importRoster } from '../roster/import-roster.ts';
import { rosterColumns } from '../roster/parse-roster.ts';
import { commandPasswords } from './command.ts';
import { databaseOfSlug } from './coop-option.ts';

await runImport(
  {
    service: 'families',
    command: 'import-families',
    about: `Imports families from a roster in CSV. Good rows are imported, bad ones are listed with line and reason, and a second
run changes nothing: a family is recognized by its guardian's email, a child by name and birth date.`,
    columns: rosterColumns,
    takesCoop: true,
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async (file, { database, coop }) =>
    importRoster({ db: await databaseOfSlug(database, coop), passwords: commandPasswords() }, file),
);
