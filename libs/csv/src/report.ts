import { z } from 'zod';
import type { Table } from './read-table.ts';
import { place, rejected, type Rejected } from './rejected.ts';

/** What an import did, or would do, with a row. */
export type RowReport =
  | {
      readonly action: 'created' | 'updated' | 'unchanged';
      readonly line: number;
      /** What the row stands for, unless a preview would create it. */
      readonly id?: string | undefined;
    }
  | (Rejected & { readonly action: 'rejected' });

/** What every import answers, for the schema of a response. */
export const importReport = z.object({
  preview: z.boolean().describe('Whether nothing was written'),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']).describe('As which the file was read'),
  delimiter: z.enum(['comma', 'semicolon', 'tab']),
  ignoredColumns: z.array(z.object({ name: z.string(), didYouMean: z.string().optional() })).readonly(),
  rejected: z.array(rejected).readonly(),
  rows: z
    .array(
      z.object({
        ...place,
        action: z.enum(['created', 'updated', 'unchanged', 'rejected']),
        id: z.string().optional(),
        reason: z.string().optional(),
      }),
    )
    .readonly()
    .describe('The first 2,000 rows, in the order of the file'),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
});
export type ImportReport = Readonly<z.infer<typeof importReport>>;

const maxListed = 2_000;

/**
 * The report of an import, in the order of the file.
 * @param rows what became of those that could be read.
 * @param counted what `created`, `updated`, and `unchanged` count; by default the rows.
 */
export function reportOf(
  { encoding, delimiter, ignoredColumns, rejected: unreadable }: Omit<Table<string>, 'rows'>,
  {
    preview,
    rows,
    counted = rows,
  }: { preview: boolean; rows: readonly RowReport[]; counted?: readonly Pick<RowReport, 'action'>[] },
): ImportReport {
  const all = [...rows, ...unreadable.map((row): RowReport => ({ ...row, action: 'rejected' }))].sort(
    (a, b) => a.line - b.line,
  );
  const count = (wanted: RowReport['action']): number => counted.filter(({ action }) => action === wanted).length;
  return {
    preview,
    encoding,
    delimiter,
    ignoredColumns,
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    rejected: all.filter((row) => row.action === 'rejected'),
    rows: all.slice(0, maxListed),
  };
}
