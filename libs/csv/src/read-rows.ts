import { parse, refused, type Refused } from '@homeroom/chassis';
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { Columns } from './columns.ts';
import { UnreadableCsvError } from './errors.ts';
import { readTable, type Table, type TableRow } from './read-table.ts';
import { rejectedRow, type Rejected } from './rejected.ts';

/** The file to import, and how. */
export interface ImportFile {
  readonly bytes: Buffer;
  /** Report what the file would do, and write nothing. */
  readonly preview: boolean;
  /** Larger files are refused; 200,000 by default. */
  readonly maxRows?: number;
}

export interface Row<Data> {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly data: Data;
}

interface Rows<Data> extends Omit<Table<string>, 'rows'> {
  readonly rows: readonly Row<Data>[];
}

/**
 * Reads a table by a schema whose keys are the columns: its good rows, and its bad ones with line, column, and reason. Other
 * requests run in between.
 * @returns a refusal when the file as a whole cannot be read.
 */
export async function readRows<Name extends string, S extends z.ZodType>(
  { bytes, maxRows }: Omit<ImportFile, 'preview'>,
  { columns, schema }: { columns: Columns<Name>; schema: S },
): Promise<Rows<z.infer<S>> | Refused<'unreadable_csv'>> {
  try {
    const table = await readTable(bytes, { columns, maxRows });
    const rows: Row<z.infer<S>>[] = [];
    const rejected = [...table.rejected];
    for (const [index, row] of table.rows.entries()) {
      if (index % 200 === 199) await setImmediate();
      const parsed = parseRow(row, { columns, schema });
      if ('reason' in parsed) rejected.push(parsed);
      else rows.push(parsed);
    }
    return { ...table, rows, rejected };
  } catch (error) {
    if (error instanceof UnreadableCsvError) return refused('unreadable_csv', error.message);
    throw error;
  }
}

function parseRow<Name extends string, S extends z.ZodType>(
  { line, cells }: TableRow<Name>,
  { columns, schema }: { columns: Columns<Name>; schema: S },
): Row<z.infer<S>> | Rejected {
  const parsed = parse(schema, cells);
  if (parsed.success) return { line, data: parsed.data };
  const { field = '', message = 'cannot be read' } = parsed.issues[0] ?? {};
  const isSecret = columns[field as Name].secret === true;
  return rejectedRow(line, field, message, isSecret ? undefined : cells[field as Name]);
}
