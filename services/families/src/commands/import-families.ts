import { readFile } from 'node:fs/promises';
import { importRoster } from '../roster/import-roster.ts';
import { parseRoster, rosterColumns, type Rejected } from '../roster/parse-roster.ts';
import { runCommand, UsageError } from './command.ts';

const sentence = ({ line, field, reason }: Rejected): string =>
  `line ${line}: ${field === undefined ? '' : `${field} `}${reason}`;

await runCommand(
  {
    usage: `Imports families from a roster in CSV. Good rows come in, bad ones are listed with line and reason, and a second
run changes nothing: a family is recognised by its guardian's email, a child by name and birth date.

  import-families <file.csv>

Columns, in any order, the first three required:
  ${[...rosterColumns.required, ...rosterColumns.optional].join(', ')}
DATABASE_URL names the families database.`,
    options: [],
  },
  async ({ positionals: [file, ...rest] }, deps) => {
    if (file === undefined || rest.length > 0) throw new UsageError('name one file');
    const { rows, rejected } = await parseRoster(await readFile(file));
    const report = await importRoster(deps, rows);
    const bad = [...rejected, ...report.rejected].sort((a, b) => a.line - b.line);
    const { created, updated, unchanged } = report;
    return [
      ...bad.map((row) => sentence(row)),
      `${created} created, ${updated} updated, ${unchanged} unchanged, ${bad.length} rows rejected`,
    ].join('\n');
  },
);
