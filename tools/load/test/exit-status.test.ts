import { expect, test } from '@jest/globals';
import { exitStatus } from '../src/exit-status.ts';
import { Recorder, type Report } from '../src/recorder.ts';

const report = (changes: Partial<Report>): Report => ({ ...new Recorder().report(1), scheduled: 10, ...changes });

test.each<[string, number, Partial<Report>, { maxFailed: number; stopped: boolean }]>([
  ['all is well', 0, {}, { maxFailed: 0, stopped: false }],
  ['no more failed than allowed', 0, { failed: 2 }, { maxFailed: 2, stopped: false }],
  ['more failed than allowed', 1, { failed: 3 }, { maxFailed: 2, stopped: false }],
  ['something was lost, even if all may fail', 1, { lost: 1 }, { maxFailed: Infinity, stopped: false }],
  ['something is unknown, even if all may fail', 1, { lost: 0, unknown: 1 }, { maxFailed: Infinity, stopped: false }],
  ['it was ended early', 0, {}, { maxFailed: 0, stopped: true }],
  ['it was ended before its first request', 2, { scheduled: 0 }, { maxFailed: Infinity, stopped: true }],
  ['nothing happened to arrive', 0, { scheduled: 0 }, { maxFailed: 0, stopped: false }],
])('when %s the exit status is %i', (_when, status, changes, how) => {
  expect(exitStatus(report(changes), how)).toBe(status);
});
