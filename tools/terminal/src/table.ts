/**
 * Rows in aligned columns.
 * @param numbers whether all columns but the first are aligned to the right.
 */
export function table(rows: readonly (readonly (string | number)[])[], { numbers = false } = {}): string {
  const texts = rows.map((row) => row.map(String));
  const columns = Math.max(0, ...texts.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, n) => Math.max(...texts.map((row) => row[n]?.length ?? 0)));
  const align = (text: string, n: number): string =>
    numbers && n > 0 ? text.padStart(widths[n]!) : text.padEnd(widths[n]!);
  return texts.map((row) => `  ${row.map(align).join('  ')}`.trimEnd()).join('\n');
}
