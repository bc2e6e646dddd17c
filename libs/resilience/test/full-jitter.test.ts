import { describe, expect, test } from '@jest/globals';
import { fullJitter } from '@homeroom/resilience';

const backoff = { baseMs: 100, maxMs: 2000 };

describe('full jitter', () => {
  test('doubles the longest wait with every failed try, up to the cap', () => {
    const longest = [1, 2, 3, 4, 5, 6, 60, 5000].map((attempt) => fullJitter(attempt, backoff, () => 1));
    expect(longest).toEqual([100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  });

  test('draws from the whole range down to nothing', () => {
    expect(fullJitter(3, backoff, () => 0)).toBe(0);
    expect(fullJitter(3, backoff, () => 0.5)).toBe(200);
  });

  test('spreads clients that failed together; without jitter they would come back together', () => {
    const slots = (random: () => number): number =>
      new Set(Array.from({ length: 1000 }, () => Math.floor(fullJitter(5, backoff, random) / 16))).size;
    expect(slots(Math.random)).toBeGreaterThan(90);
    expect(slots(() => 1)).toBe(1);
  });

  test('takes a count below one for the first try', () => {
    expect(fullJitter(0, backoff, () => 1)).toBe(100);
  });
});
