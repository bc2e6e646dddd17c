import { table } from '@homeroom/terminal';
import type { StackFile } from './stack-file.ts';

/** What is printed once everything runs. */
export function whatToOpen(stack: StackFile, tookMs: number): string {
  const lines = [
    ['Open', `${stack.gateway}/`],
    ...(stack.mail === undefined ? [] : [['Mail', `${stack.mail}/`]]),
    ['Payments', `${stack.payments}/`],
    ['Balancing', `${stack.balance}/`],
    ['Coordinator', `${stack.coordinator.email}  password ${stack.coordinator.password}`],
    ['Guardian', `${stack.guardian.email}  password ${stack.guardian.password}`],
    ['Logs', `${stack.logDir}/`],
  ];
  return [
    `Homeroom runs, after ${(tookMs / 1000).toFixed(1)} s.`,
    '',
    table(lines),
    '',
    '  Ctrl-C ends everything; the data stays.',
  ].join('\n');
}
