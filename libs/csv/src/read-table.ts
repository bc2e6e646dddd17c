import { parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { matchHeader, type Columns, type Header, type IgnoredColumn } from './columns.ts';
import { contradiction, conventionOf, type DateConvention, type DateOrder } from './dates.ts';
import { decode, type Encoding } from './decode.ts';
import { delimiters, detectDelimiter, type Delimiter } from './delimiter.ts';
import { UnreadableCsvError } from './errors.ts';
import { rejectedRow, type Rejected } from './rejected.ts';

export interface TableRow<Name extends string> {
  /** Where the row ends in the file; the header is on line 1. */
  readonly line: number;
  /** Trimmed; an empty cell is an absent one. */
  readonly cells: Readonly<Partial<Record<Name, string>>>;
}

export interface Table<Name extends string> {
  readonly encoding: Encoding;
  readonly delimiter: Delimiter;
  readonly dates: DateConvention;
  readonly ignoredColumns: readonly IgnoredColumn[];
  readonly rows: readonly TableRow<Name>[];
  readonly rejected: readonly Rejected[];
}

/** How a file is to be read, as its sender says. */
export interface ReadOptions {
  /** Beyond which the file is refused; 200,000 by default. */
  readonly maxRows?: number | undefined;
  /** Of the content type that the file came with. */
  readonly charset?: string | undefined;
  /** Which part comes first in its dates; detected by default. */
  readonly dates?: DateOrder | undefined;
}

const maxCellLength = 10_000;
const chunkLength = 64 * 1024;

/**
 * Reads a table as spreadsheets export it: its rows, and those that cannot be read with line, column, and reason. Blank rows are
 * skipped. The event loop gets its turns in between, so that a large file does not hold up other requests.
 * @throws {UnreadableCsvError} when the file as a whole makes no sense.
 */
export async function readTable<Name extends string>(
  bytes: Buffer,
  { columns, maxRows = 200_000, charset, dates: given }: { columns: Columns<Name> } & ReadOptions,
): Promise<Table<Name>> {
  const { text, encoding } = decode(bytes, charset);
  const { delimiter, linesBefore } = detectDelimiter(text, columns);
  const rejected: Rejected[] = [];
  const records = parse({
    bom: true,
    ltrim: delimiter !== 'tab',
    delimiter: delimiters[delimiter],
    from_line: linesBefore + 1,
    skip_empty_lines: true,
    relax_column_count: true,
    // otherwise the parser stays lost after a stray quote and swallows the good rows that follow
    relax_quotes: true,
    skip_records_with_error: true,
    info: true,
    on_skip: (error) => {
      rejected.push({ line: Number(error?.['lines'] ?? 0), reason: error?.message ?? 'cannot be read' });
      return undefined;
    },
  });
  let header: Header<Name> | undefined;
  const rows: TableRow<Name>[] = [];
  for await (const { record, info } of Readable.from(chunksOf(text)).pipe(records) as AsyncIterable<{
    record: string[];
    info: { lines: number };
  }>) {
    const cells = record.map((cell) => cell.trim());
    if (cells.every((cell) => cell === '')) continue;
    if (header === undefined) {
      header = matchHeader(cells, columns);
      continue;
    }
    if (rows.length + rejected.length >= maxRows) {
      throw new UnreadableCsvError(`The file has more than ${maxRows.toLocaleString('en-US')} rows. Split it.`);
    }
    const row = readCells(info.lines, header, cells);
    if ('reason' in row) rejected.push(row);
    else rows.push(row);
  }
  const { ignoredColumns } = header ?? matchHeader([], columns);
  const dated = (Object.keys(columns) as Name[]).filter((name) => columns[name].date === true);
  const dates = conventionOf(datesOf(rows, dated), { given });
  const known = withoutContradictions(rows, dated, dates);
  return { encoding, delimiter, dates, ignoredColumns, rows: known.rows, rejected: [...rejected, ...known.rejected] };
}

async function* chunksOf(text: string): AsyncGenerator<string> {
  for (let start = 0; start < text.length; start += chunkLength) {
    yield text.slice(start, start + chunkLength);
    await setImmediate();
  }
}

/** What a database cannot store, or a decoder could not read. */
function unfit(cell: string): string | undefined {
  if (cell.startsWith('"'))
    return 'has a quote out of place. Write a quote inside a cell twice, and put the whole cell in quotes.';
  if (!cell.isWellFormed() || cell.includes('\ufffd'))
    return 'contains characters that cannot be read. Save the file as UTF-8.';
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]/.test(cell)) return 'contains control characters. Type the cell again.';
  if (cell.length > maxCellLength)
    return `has more than ${maxCellLength.toLocaleString('en-US')} characters. Shorten it.`;
  return undefined;
}

function readCells<Name extends string>(
  line: number,
  { names }: Header<Name>,
  record: readonly string[],
): TableRow<Name> | Rejected {
  const extra = record.slice(names.length).some((cell) => cell !== '');
  if (record.length < names.length || extra) {
    const reason = `has ${record.length} cells where the header has ${names.length}. Put a cell that contains the delimiter in quotes.`;
    return { line, reason };
  }
  const cells: Partial<Record<Name, string>> = {};
  for (const [index, name] of names.entries()) {
    const cell = record[index] ?? '';
    if (name === undefined || cell === '') continue;
    const reason = unfit(cell);
    if (reason !== undefined) return { line, field: name, reason };
    cells[name] = cell;
  }
  return { line, cells };
}

function* datesOf<Name extends string>(rows: readonly TableRow<Name>[], dated: readonly Name[]): Generator<string> {
  for (const { cells } of rows) for (const name of dated) yield cells[name] ?? '';
}

/** Rejects rows with a date that the file's convention does not allow: it would be read wrong. */
function withoutContradictions<Name extends string>(
  rows: readonly TableRow<Name>[],
  dated: readonly Name[],
  dates: DateConvention,
): { rows: readonly TableRow<Name>[]; rejected: Rejected[] } {
  const rejected: Rejected[] = [];
  const clear = rows.filter(({ line, cells }) => {
    const name = dated.find((candidate) => contradiction(cells[candidate] ?? '', dates) !== undefined);
    if (name === undefined) return true;
    rejected.push(rejectedRow(line, name, contradiction(cells[name] ?? '', dates) ?? '', cells[name]));
    return false;
  });
  return { rows: clear, rejected };
}
