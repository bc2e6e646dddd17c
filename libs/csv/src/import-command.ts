import {
  isRefused,
  runCommand,
  UsageError,
  type CommandDeps,
  type CommandOptions,
  type commandConfig,
  type Refused,
} from '@homeroom/chassis';
import { readFile } from 'node:fs/promises';
import type { ColumnNames } from './columns.ts';
import type { ImportFile } from './read-rows.ts';
import type { Rejected } from './rejected.ts';
import type { ImportReport } from './report.ts';

interface Report extends ImportReport {
  readonly warnings?: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Runs a service's command that imports a file, `<command> <file.csv> [--preview]`, and prints the report. Files may have
 * 1,000,000 rows.
 * @param options.about what it imports, `environment` what it reads beside DATABASE_URL, for the usage; `takesCoop` whether it
 *   takes `--coop <slug>`, which `importFile` gets as `coop`.
 */
export async function runImport<C extends typeof commandConfig, D extends { close(): Promise<void> }>(
  {
    service,
    command,
    about,
    columns,
    environment = '',
    takesCoop = false,
    ...options
  }: Pick<CommandOptions<Record<string, never>, C, D>, 'config' | 'openDatabase'> & {
    service: string;
    command: string;
    about: string;
    columns: ColumnNames;
    environment?: string;
    takesCoop?: boolean;
  },
  importFile: (
    file: ImportFile,
    deps: CommandDeps<C, D> & { readonly coop: string | undefined },
  ) => Promise<Report | Refused>,
): Promise<void> {
  await runCommand(
    {
      ...options,
      name: `${service}-${command}`,
      usage: `${about} With --preview nothing is written.

  ${command} <file.csv> [--preview]${takesCoop ? ' [--coop <slug>]' : ''}

Columns, in any order: ${columns.required.join(', ')}; optional:
  ${columns.optional.join(', ')}.${takesCoop ? '\n--coop is the slug of a co-op; an installation with one co-op needs none.' : ''}
DATABASE_URL names the ${service} database${environment}.`,
      options: { preview: { type: 'boolean', default: false }, coop: { type: 'string' } },
      allowPositionals: true,
    },
    async ({ values: { preview, coop }, positionals: [path, ...rest] }, deps) => {
      if (coop !== undefined && !takesCoop) throw new UsageError('--coop: this command takes none');
      if (path === undefined || rest.length > 0) throw new UsageError('name one file');
      const report = await importFile({ bytes: await readFile(path), preview, maxRows: 1_000_000 }, { ...deps, coop });
      if (isRefused(report)) throw new Error(report.detail ?? report.code);
      print(report, deps.say);
    },
  );
}

function print(report: Report, say: (line: string) => void): void {
  const { preview, created, updated, unchanged, rejected } = report;
  for (const { name } of report.ignoredColumns) say(`column "${name}" is ignored`);
  for (const row of rejected) say(sentenceOf(row));
  for (const { line, message } of report.warnings ?? []) say(`line ${line}: warning: ${message}`);
  const counts = `${created} created, ${updated} updated, ${unchanged} unchanged, ${rejected.length} rows rejected`;
  say(preview ? `preview, nothing was written: ${counts}` : counts);
}

function sentenceOf({ line, field, reason, value }: Rejected): string {
  const what = `line ${line}: ${field === undefined ? '' : `${field} `}${reason}`;
  return value === undefined || reason.includes(value) ? what : `${what} (${value})`;
}
