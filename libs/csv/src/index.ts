export { centsCell, dateCell, timeCell, weekdayCell, wholeCell } from './cells.ts';
export { columnNames, rowOf, type ColumnSpec } from './columns.ts';
export { runImport } from './import-command.ts';
export { acceptCsv, csvIn, importOptions } from './import-route.ts';
export { readRows, type ImportFile, type Row } from './read-rows.ts';
export { importReport, reportOf, type ImportReport, type RowReport } from './report.ts';
