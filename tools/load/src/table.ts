import type { Report } from './recorder.ts';

/** The report for a person. */
export function table(report: Report): string {
  const { latencyMs, failures, pods } = report;
  const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  const rows: [string, string][] = [
    [
      'arrivals',
      `${report.scheduled} in ${report.seconds.toFixed(1)} s (${(report.scheduled / (report.seconds || 1)).toFixed(1)}/s)`,
    ],
    ['succeeded', String(report.ok)],
    ['failed', String(report.failed)],
    ...Object.entries(failures).map(([kind, n]): [string, string] => [`  ${kind}`, String(n)]),
    ...(report.lost === undefined ? [] : [['lost', String(report.lost)] satisfies [string, string]]),
    ...((report.unknown ?? 0) === 0 ? [] : [['unknown', String(report.unknown)] satisfies [string, string]]),
    ...(report.resent === 0 ? [] : [['sent again', String(report.resent)] satisfies [string, string]]),
    ...Object.entries(latencyMs).map(([name, value]): [string, string] => [name, ms(value)]),
    ...Object.entries(pods).map(([pod, n]): [string, string] => [`from ${pod}`, String(n)]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

/** One line while it runs. */
export function progressLine({ seconds, ok, failed, latencyMs }: Report): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${ok} ok  ${failed} failed  p95 ${latencyMs.p95.toFixed(0)} ms`;
}
