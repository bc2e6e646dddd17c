import { parse, refused, type Refused } from '@homeroom/chassis';
import { setImmediate } from 'node:timers/promises';
import type { z } from 'zod';
import type { Columns } from './columns.ts';
import { yearFirstOf, type DateConvention } from './dates.ts';
import { UnreadableCsvError } from './errors.ts';
import { readTable, type ReadOptions, type Table, type TableRow } from './read-table.ts';
import { rejectedRow, type Rejected } from './rejected.ts';

/** The file to import, and how. */
export interface ImportFile extends ReadOptions {
  readonly bytes: Buffer;
  /** Report what the file would do, and write nothing. */
  readonly preview: boolean;
}

export interface Row<Data> {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  readonly data: Data;
}

/** What is known of a file beside its good rows. */
export type FileFacts = Omit<Table<string>, 'rows'>;

interface Rows<Data> extends FileFacts {
  readonly rows: readonly Row<Data>[];
}

/**
 * Reads a table by a schema whose keys are the columns: its good rows, and its bad ones with line, column, and reason. Other
 * requests run in between.
 * @returns a refusal when the file as a whole cannot be read.
 */
export async function readRows<Name extends string, S extends z.ZodType>(
  { bytes, ...options }: Omit<ImportFile, 'preview'>,
  { columns, schema }: { columns: Columns<Name>; schema: S },
): Promise<Rows<z.infer<S>> | Refused<'unreadable_csv'>> {
  try {
    const table = await readTable(bytes, { columns, ...options });
    const rows: Row<z.infer<S>>[] = [];
    const rejected = [...table.rejected];
    for (const [index, row] of table.rows.entries()) {
      if (index % 200 === 199) await setImmediate();
      const parsed = parseRow(row, { columns, schema, dates: table.dates });
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
  { columns, schema, dates }: { columns: Columns<Name>; schema: S; dates: DateConvention },
): Row<z.infer<S>> | Rejected {
  const parsed = parse(schema, withYearFirst(cells, columns, dates));
  if (parsed.success) return { line, data: parsed.data };
  const { field = '', message = 'cannot be read' } = parsed.issues[0] ?? {};
  const isSecret = columns[field as Name].secret === true;
  return rejectedRow(line, field, message, isSecret ? undefined : cells[field as Name]);
}

function withYearFirst<Name extends string>(
  cells: TableRow<Name>['cells'],
  columns: Columns<Name>,
  dates: DateConvention,
): TableRow<Name>['cells'] {
  if (dates.order !== 'day-first' && dates.order !== 'mixed') return cells;
  const given = Object.entries<string | undefined>(cells) as [Name, string][];
  const read = given.map(([name, cell]) => [name, columns[name].date === true ? yearFirstOf(cell, dates) : cell]);
  return Object.fromEntries(read) as TableRow<Name>['cells'];
}
