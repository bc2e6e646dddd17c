import { runCommand, UsageError } from '@homeroom/chassis';
import { sentenceOf } from '@homeroom/csv';
import { commandDatabase } from '@homeroom/postgres';
import { readFile } from 'node:fs/promises';
import { commandConfig } from '../config.ts';
import { unlessRefused } from '../outcome.ts';
import { importClasses } from '../timetable/import-classes.ts';
import { timetableColumns } from '../timetable/parse-timetable.ts';

await runCommand(
  {
    name: 'enrollment-import-classes',
    usage: `Imports classes from a timetable in CSV. Good rows are imported, bad ones are listed with line and reason, and a
second run changes nothing: a class is recognized by title, teacher, weekday, and start. With --preview nothing is written.

  import-classes <file.csv> [--preview]

Columns, in any order: ${timetableColumns.required.join(', ')}; optional:
  ${timetableColumns.optional.join(', ')}.
DATABASE_URL names the enrollment database, TIME_ZONE the zone of classes that name none.`,
    options: { preview: { type: 'boolean', default: false } },
    allowPositionals: true,
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async ({ values, positionals: [file, ...rest] }, { database, config, say }) => {
    if (file === undefined || rest.length > 0) throw new UsageError('name one file');
    const { preview } = values;
    const timetable = { bytes: await readFile(file), timeZone: config.TIME_ZONE, preview, maxRows: 1_000_000 };
    const { report } = unlessRefused(await importClasses({ db: database }, timetable));
    const { created, updated, unchanged, rejected, warnings, ignoredColumns } = report;
    for (const { name } of ignoredColumns) say(`column "${name}" is ignored`);
    for (const row of rejected) say(sentenceOf(row));
    for (const { line, message } of warnings) say(`line ${line}: warning: ${message}`);
    const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected.length} rows rejected`;
    say(preview ? `preview, nothing was written: ${counts}` : counts);
  },
);
