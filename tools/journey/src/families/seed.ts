import { parse } from 'csv-parse/sync';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the co-op's files are: families.csv, classes.csv, wishes.csv. */
export const seedFolder = join(import.meta.dirname, '../../seed');

export const readSeed = (file: string): Record<string, string>[] =>
  parse<Record<string, string>>(readFileSync(join(seedFolder, file)), { columns: true });

/** Lines of cells as CSV (RFC 4180). */
export function toCsv(lines: readonly (readonly (string | number)[])[], end = '\r\n'): string {
  const cell = (value: string | number): string => {
    const text = String(value).normalize('NFC');
    return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return lines.map((line) => `${line.map(cell).join(',')}${end}`).join('');
}
