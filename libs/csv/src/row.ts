import { parse } from '@homeroom/chassis';
import type { z } from 'zod';

export interface TableRow<Name extends string> {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  /** Trimmed; an empty cell is an absent one. */
  readonly cells: Readonly<Partial<Record<Name, string>>>;
}

/** A row that was not taken. */
export interface Rejected {
  readonly line: number;
  /** The column, when one is to blame. */
  readonly field?: string;
  readonly reason: string;
  /** What the cell says, cut short. */
  readonly value?: string;
}

const maxValueLength = 60;

export const rejectedRow = (line: number, field: string, reason: string, value: string | undefined): Rejected => ({
  line,
  field,
  reason,
  ...(value === undefined || value === '' ? {} : { value: Array.from(value).slice(0, maxValueLength).join('') }),
});

/**
 * Reads the cells of a row by a schema whose keys are the columns.
 * @param secret columns whose cells are in no report.
 */
export function parseRow<S extends z.ZodType>(
  schema: S,
  { line, cells }: TableRow<string>,
  secret: readonly string[] = [],
): { line: number; data: z.infer<S> } | Rejected {
  const parsed = parse(schema, cells);
  if (parsed.success) return { line, data: parsed.data };
  const { field = '', message = 'cannot be read' } = parsed.issues[0] ?? {};
  return rejectedRow(line, field, message, secret.includes(field) ? undefined : cells[field]);
}
