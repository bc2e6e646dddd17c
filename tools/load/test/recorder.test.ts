import { describe, expect, test } from '@jest/globals';
import { percentile, Recorder } from '../src/recorder.ts';
import { table } from '../src/table.ts';

describe('the record', () => {
  test('gives percentiles that were really seen', () => {
    const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
    expect([0.5, 0.95, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([50, 95, 99, 100]);
    expect(percentile([7], 0.5)).toBe(7);
    expect(percentile([], 0.99)).toBe(0);
  });

  test('counts failures by kind and answers by pod, and shows both', () => {
    const recorder = new Recorder();
    recorder.scheduled = 4;
    recorder.done({ latencyMs: 5, pod: 'b' });
    recorder.done({ latencyMs: 15, pod: 'a' });
    recorder.done({ failure: 'status 503', latencyMs: 1 });
    recorder.notSent('not sent: too many in flight', 900);
    const report = recorder.report(2);
    expect(report).toMatchObject({ scheduled: 4, sent: 3, ok: 2, failed: 2, pods: { a: 1, b: 1 } });
    expect(report.failures).toEqual({ 'status 503': 1, 'not sent: too many in flight': 1 });
    expect(table(report)).toMatch(/failed +2\n +status 503 +1/);
    expect(table(report)).toMatch(/p50 +5\.0 ms/);
    expect(report.latencyMs.max).toBe(900);
  });

  test('says that something is unknown only when it is, and shows a run that never began', () => {
    const report = new Recorder().report(0);
    expect(table({ ...report, lost: 0, unknown: 2 })).toMatch(/lost +0\nunknown +2/);
    expect(table({ ...report, lost: 0, unknown: 0 })).not.toContain('unknown');
    expect(table(report)).not.toContain('NaN');
  });
});
