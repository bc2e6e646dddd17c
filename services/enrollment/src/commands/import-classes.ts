import { runCommand, UsageError } from '@homeroom/chassis';
import { readFile } from 'node:fs/promises';
import { importClasses } from '../classes/import-classes.ts';
import { timetableColumns, type Rejected } from '../classes/parse-timetable.ts';
import { commandConfig } from '../config.ts';

await runCommand(
  {
    name: 'enrollment-import-classes',
    usage: `Imports classes from a timetable in CSV. Good rows come in, bad ones are listed with line and reason, and a second
run changes nothing: a class is recognised by title, teacher, weekday and start.

  import-classes <file.csv>

Columns, in any order: ${timetableColumns.required.join(', ')}; optional:
  ${timetableColumns.optional.join(', ')}.
DATABASE_URL names the enrollment database, TIME_ZONE the zone of classes that name none.`,
    allowPositionals: true,
    config: commandConfig,
  },
  async ({ positionals: [file, ...rest] }, { database, config, say }) => {
    if (file === undefined || rest.length > 0) throw new UsageError('name one file');
    const timetable = { bytes: await readFile(file), timeZone: config.TIME_ZONE };
    const { created, updated, unchanged, rejected } = (await importClasses(database, timetable)).report;
    const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected.length} rows rejected`;
    for (const row of rejected) say(sentence(row));
    say(counts);
  },
);

function sentence({ line, field, reason }: Rejected): string {
  return `line ${line}: ${field === undefined ? '' : `${field} `}${reason}`;
}
