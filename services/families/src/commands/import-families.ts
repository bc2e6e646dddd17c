import { commandConfig, runCommand, UsageError } from '@homeroom/chassis';
import { sentenceOf } from '@homeroom/csv';
import { commandDatabase } from '@homeroom/postgres';
import { readFile } from 'node:fs/promises';
import { importRoster } from '../roster/import-roster.ts';
import { parseRoster, rosterColumns } from '../roster/parse-roster.ts';
import { commandPasswords } from './command.ts';

await runCommand(
  {
    name: 'families-import-families',
    usage: `Imports families from a roster in CSV. Good rows come in, bad ones are listed with line and reason, and a second
run changes nothing: a family is recognized by its guardian's email, a child by name and birth date. With --preview
nothing is written.

  import-families <file.csv> [--preview]

Columns, in any order, the first three required:
  ${[...rosterColumns.required, ...rosterColumns.optional].join(', ')}
DATABASE_URL names the families database.`,
    options: { preview: { type: 'boolean', default: false } },
    allowPositionals: true,
    config: commandConfig,
    openDatabase: commandDatabase(),
  },
  async ({ values: { preview }, positionals: [file, ...rest] }, { database, say }) => {
    if (file === undefined || rest.length > 0) throw new UsageError('name one file');
    const roster = await parseRoster(await readFile(file), 1_000_000);
    const report = await importRoster({ database, passwords: commandPasswords() }, { roster, preview });
    const { created, updated, unchanged, rejected, ignoredColumns } = report;
    for (const { name } of ignoredColumns) say(`column "${name}" is ignored`);
    for (const row of rejected) say(sentenceOf(row));
    const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected.length} rows rejected`;
    say(preview ? `preview, nothing was written: ${counts}` : counts);
  },
);
