import type { Value } from './values.ts';

/** A Markdown table of values with their defaults, one row for each path. */
export function table(values: readonly Value[]): string {
  const rows = rowsOf(values, '').map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| value | default | description |', '| --- | --- | --- |', ...rows].join('\n');
}

function rowsOf(values: readonly Value[], prefix: string): string[][] {
  return values.flatMap(({ key, schema, default: fallback, children, description }) => {
    const shown = children.length > 0 || 'chart' in schema ? '' : `\`${JSON.stringify(fallback)}\``;
    return [[`\`${prefix}${key}\``, shown, description], ...rowsOf(children, `${prefix}${key}.`)];
  });
}
