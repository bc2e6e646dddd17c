import { z } from 'zod';
import { dateConvention } from './dates.ts';
import { encodings } from './decode.ts';
import type { FileFacts } from './read-rows.ts';
import { place, rejected, type Rejected } from './rejected.ts';

/** A field that an import changed, or would change. */
const change = z.object({
  field: z.string(),
  from: z.string().nullable().describe('null: it was empty'),
  to: z.string().nullable().describe('null: it is empty now'),
});
export type Change = Readonly<z.infer<typeof change>>;

/** What an import did, or would do, with a row. */
export type RowReport =
  | {
      readonly action: 'created' | 'updated' | 'unchanged';
      readonly line: number;
      /** What the row stands for, unless a preview would create it. */
      readonly id?: string | undefined;
      /** What is different, of an updated row. */
      readonly changes?: readonly Change[] | undefined;
    }
  | (Rejected & { readonly action: 'rejected' });

const maxListed = 2_000;
const maxShown = 200;

/** A value as a change shows it: text, cut short. */
export const shownValue = (value: string | number | undefined): string | null =>
  value === undefined ? null : Array.from(String(value)).slice(0, maxShown).join('');

/** What every import answers, for the schema of a response. */
export const importReport = z.object({
  preview: z.boolean().describe('Whether nothing was written'),
  encoding: z.enum(encodings).describe('As which the file was read'),
  delimiter: z.enum(['comma', 'semicolon', 'tab']),
  dates: dateConvention,
  ignoredColumns: z.array(z.object({ name: z.string(), didYouMean: z.string().optional() })).readonly(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  rejectedRows: z.int().describe('How many rows were rejected'),
  rejected: z.array(rejected).readonly().describe(`The first ${maxListed} rejected rows`),
  rows: z
    .array(
      z.object({
        ...place,
        action: z.enum(['created', 'updated', 'unchanged', 'rejected']),
        id: z.string().optional(),
        changes: z.array(change).readonly().optional(),
        reason: z.string().optional(),
      }),
    )
    .readonly()
    .describe(`The first ${maxListed} rows, in the order of the file`),
});
export type ImportReport = Readonly<z.infer<typeof importReport>>;

/**
 * The report of an import, in the order of the file.
 * @param rows what became of those that could be read.
 * @param counted what `created`, `updated`, and `unchanged` count; by default the rows.
 */
export function reportOf(
  { encoding, delimiter, dates, ignoredColumns, rejected: unreadable }: FileFacts,
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
  const rejectedRows = all.filter((row) => row.action === 'rejected');
  return {
    preview,
    encoding,
    delimiter,
    dates,
    ignoredColumns,
    created: count('created'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    rejectedRows: rejectedRows.length,
    rejected: rejectedRows.slice(0, maxListed),
    rows: all.slice(0, maxListed),
  };
}
