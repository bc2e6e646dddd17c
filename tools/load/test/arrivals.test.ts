import { describe, expect, test } from '@jest/globals';
import { arrivals } from '../src/arrivals.ts';

describe('arrivals', () => {
  test('come at equal distances when constant', () => {
    expect([...arrivals({ kind: 'constant', rate: 4, seconds: 1 })]).toEqual([0, 250, 500, 750]);
  });

  test('come at random and at the rate that was asked for when Poisson', () => {
    const times = [...arrivals({ kind: 'poisson', rate: 100, seconds: 100 })];
    expect(times.length).toBeGreaterThan(9_500);
    expect(times.length).toBeLessThan(10_500);
    const gaps = times.slice(1).map((time, n) => time - times[n]!);
    // of exponential gaps 1 - 1/e are shorter than their mean, of equal ones none
    const short = gaps.filter((gap) => gap < 10).length / gaps.length;
    expect(short).toBeGreaterThan(0.58);
    expect(short).toBeLessThan(0.68);
  });

  test('end at the count, whichever comes first', () => {
    expect([...arrivals({ kind: 'constant', rate: 1_000, seconds: 10, count: 3 })]).toHaveLength(3);
  });
});
