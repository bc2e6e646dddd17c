export { openProgress, silent, type Progress } from './progress.ts';
export { table } from './table.ts';
