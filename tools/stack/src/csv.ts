/** Rows as CSV (RFC 4180), with the first row's names as the header. */
export function stringify(rows: Record<string, string | undefined>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))]
    .map((line) => `${line.map(cell).join(',')}\r\n`)
    .join('');
}
