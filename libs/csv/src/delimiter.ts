import { parse } from 'csv-parse/sync';
import { countKnown, type Columns } from './columns.ts';

export const delimiters = { comma: ',', semicolon: ';', tab: '\t' } as const;
export type Delimiter = keyof typeof delimiters;

/** Excel's own first line, which names the delimiter. */
const separatorLine = /^sep=([,;\t])\r?\n/i;

/**
 * What separates the cells: of comma, semicolon, and tab the one that finds the most known columns in the header.
 * @returns it, and how many lines are before the header.
 */
export function detectDelimiter<Name extends string>(
  text: string,
  columns: Columns<Name>,
): { delimiter: Delimiter; linesBefore: number } {
  const names = Object.keys(delimiters) as Delimiter[];
  const declared = separatorLine.exec(text)?.[1];
  if (declared !== undefined) {
    return { delimiter: names.find((name) => delimiters[name] === declared) ?? 'comma', linesBefore: 1 };
  }
  const start = text.slice(0, 20_000);
  const scores = names.map((delimiter) => {
    const [header = []] = parse(start, {
      delimiter: delimiters[delimiter],
      to: 1,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_error: true,
    });
    return { delimiter, found: countKnown(header, columns) };
  });
  const best = scores.reduce((one, other) => (other.found > one.found ? other : one));
  return { delimiter: best.delimiter, linesBefore: 0 };
}
