import { isRefused } from '@homeroom/chassis';
import { runImport } from '@homeroom/csv';
import { commandDatabase } from '@homeroom/postgres';
import { commandConfig } from '../config.ts';
import { termsOf } from '../seats/terms.ts';
import { importClasses } from '../timetable/import-classes.ts';
import { timetableColumns } from '../timetable/parse-timetable.ts';
import { databaseOfOnlyCoop } from './only-coop.ts';

await runImport(
  {
    service: 'enrollment',
    command: 'import-classes',
    about: `Imports classes from a timetable in CSV. Good rows are imported, bad ones are listed with line and reason, and a second
run changes nothing: a class is recognized by title, teacher, weekday, and start.`,
    columns: timetableColumns,
    environment: ', TIME_ZONE the zone of classes that name none',
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async (file, { database, config }) => {
    const db = await databaseOfOnlyCoop(database);
    const outcome = await importClasses({ db, timeZone: config.TIME_ZONE, terms: termsOf(config) }, file);
    return isRefused(outcome) ? outcome : outcome.report;
  },
);
