import type { Report } from './recorder.ts';

/** The report as text. */
export function table(report: Report): string {
  const { failures, latencyMs, lost, pods, resent, scheduled, seconds, unknown = 0 } = report;
  const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  const rows = [
    ['arrivals', `${scheduled} in ${seconds.toFixed(1)} s (${(scheduled / (seconds || 1)).toFixed(1)}/s)`],
    ['succeeded', report.ok],
    ['failed', report.failed],
    ...Object.entries(failures).map(([kind, n]) => [`  ${kind}`, n]),
    ...(lost === undefined ? [] : [['lost', lost]]),
    ...(unknown === 0 ? [] : [['unknown', unknown]]),
    ...(resent === 0 ? [] : [['sent again', resent]]),
    ...Object.entries(latencyMs).map(([name, value]) => [name, ms(value)]),
    ...Object.entries(pods).map(([pod, n]) => [`from ${pod}`, n]),
  ];
  const width = Math.max(...rows.map(([name]) => String(name).length));
  return rows.map(([name, value]) => `${String(name).padEnd(width)}  ${value}`).join('\n');
}

/** One line while the run goes on. */
export function progressLine({ seconds, ok, failed, latencyMs }: Report): string {
  return `${seconds.toFixed(0).padStart(4)} s  ${ok} ok  ${failed} failed  p95 ${latencyMs.p95.toFixed(0)} ms`;
}
