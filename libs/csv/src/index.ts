export { centsCell, dateCell, timeCell, weekdayCell, wholeCell } from './cells.ts';
export type { Columns, ColumnSpec, IgnoredColumn } from './columns.ts';
export { UnreadableCsvError } from './errors.ts';
export { readTable, type Table } from './read-table.ts';
export { listRows, sentenceOf, tableReport, type RowReport } from './report.ts';
export { parseRow, rejectedRow, type Rejected, type TableRow } from './row.ts';
