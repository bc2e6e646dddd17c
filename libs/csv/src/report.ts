import { z } from 'zod';
import type { Rejected } from './row.ts';

/** What an import did, or would do, with a row. */
export interface RowReport extends Omit<Rejected, 'reason'> {
  readonly action: 'created' | 'updated' | 'unchanged' | 'rejected';
  /** Of what was created, updated, or left as it is. */
  readonly id?: string;
  readonly reason?: string;
}

/** Rows that a report lists; the counts are of all of them. */
const maxListed = 2_000;

/** The rows of a report, in the order of the file, the first 2,000 of them. */
export const listRows = (taken: readonly RowReport[], rejected: readonly Rejected[]): RowReport[] =>
  [...taken, ...rejected.map((row): RowReport => ({ ...row, action: 'rejected' }))]
    .sort((a, b) => a.line - b.line)
    .slice(0, maxListed);

/** A report's line on a terminal: `line 3: end must be after start`. */
export const sentenceOf = ({ line, field, reason, value }: Rejected): string => {
  const what = `line ${line}: ${field === undefined ? '' : `${field} `}${reason}`;
  return value === undefined || reason.includes(value) ? what : `${what} (${value})`;
};

const place = { line: z.int(), field: z.string().optional(), value: z.string().optional() };

/** What the report of every import has beside its counts, for the schema of a response. */
export const tableReport = {
  preview: z.boolean().describe('Whether nothing was written'),
  encoding: z.enum(['utf-8', 'utf-16le', 'utf-16be', 'windows-1252']).describe('As which the file was read'),
  delimiter: z.enum(['comma', 'semicolon', 'tab']),
  ignoredColumns: z.array(z.object({ name: z.string(), didYouMean: z.string().optional() })).readonly(),
  rejected: z.array(z.object({ ...place, reason: z.string() })).readonly(),
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
};
