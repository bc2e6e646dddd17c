import type { StackFile } from './stack-file.ts';

/** The last screen of a start: what a person does next. */
export function whatToOpen(stack: StackFile, tookMs: number): string {
  const lines: [string, string][] = [
    ['Open', `${stack.gateway}/`],
    ...(stack.mail === undefined ? [] : ([['Mail', `${stack.mail}/`]] as [string, string][])),
    ['Payments', `${stack.payments}/`],
    ['Balancing', `${stack.balance}/`],
    ['Coordinator', `${stack.coordinator.email}  password ${stack.coordinator.password}`],
    ['Guardian', `${stack.guardian.email}  password ${stack.guardian.password}`],
    ['Logs', `${stack.logDir}/`],
  ];
  return [
    `Homeroom runs, after ${(tookMs / 1000).toFixed(1)} s.`,
    '',
    ...lines.map(([name, value]) => `  ${name.padEnd(13)}${value}`),
    '',
    '  Ctrl-C ends everything; the data stays.',
  ].join('\n');
}
