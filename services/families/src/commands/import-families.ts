import { commandConfig, runCommand, UsageError } from '@homeroom/chassis';
import { readFile } from 'node:fs/promises';
import { importRoster } from '../roster/import-roster.ts';
import { parseRoster, rosterColumns, type Rejected } from '../roster/parse-roster.ts';
import { commandPasswords } from './command.ts';

const sentence = ({ line, field, reason }: Rejected): string =>
  `line ${line}: ${field === undefined ? '' : `${field} `}${reason}`;

await runCommand(
  {
    name: 'families-import-families',
    usage: `Imports families from a roster in CSV. Good rows come in, bad ones are listed with line and reason, and a second
run changes nothing: a family is recognised by its guardian's email, a child by name and birth date.

  import-families <file.csv>

Columns, in any order, the first three required:
  ${[...rosterColumns.required, ...rosterColumns.optional].join(', ')}
DATABASE_URL names the families database.`,
    allowPositionals: true,
    config: commandConfig,
  },
  async ({ positionals: [file, ...rest] }, { database, say }) => {
    if (file === undefined || rest.length > 0) throw new UsageError('name one file');
    const { rows, rejected } = await parseRoster(await readFile(file));
    const report = await importRoster({ database, passwords: commandPasswords() }, rows);
    const bad = [...rejected, ...report.rejected].sort((a, b) => a.line - b.line);
    const { created, updated, unchanged } = report;
    for (const row of bad) say(sentence(row));
    say(`${created} created, ${updated} updated, ${unchanged} unchanged, ${bad.length} rows rejected`);
  },
);
