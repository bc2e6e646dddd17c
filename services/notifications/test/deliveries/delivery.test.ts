import { describe, expect, test } from '@jest/globals';
import { retryAfter, isRefusal } from '../../src/deliveries/delivery.ts';
import { UnusableAddressError } from '../../src/deliveries/mail.ts';

const backoff = { baseMs: 1_000, maxMs: 60_000 };
const smtp = (responseCode: number): Error => Object.assign(new Error('refused'), { responseCode });

describe('after a failed attempt', () => {
  test('a server that is down is retried without limit, ever more rarely, at a random time', () => {
    const down = new Error('connect ECONNREFUSED');
    expect(retryAfter(down, 1, backoff, () => 1)).toBe(1_000);
    expect(retryAfter(down, 4, backoff, () => 0.5)).toBe(4_000);
    expect(retryAfter(down, 10_000, backoff, () => 1)).toBe(60_000);
  });

  test('“try again later” is retried, however often', () => {
    expect(retryAfter(smtp(451), 100, backoff)).toBeDefined();
  });

  test('a refusal is final at the third time', () => {
    expect(retryAfter(smtp(550), 2, backoff)).toBeDefined();
    expect(retryAfter(smtp(550), 3, backoff)).toBeUndefined();
  });

  test('an invalid address fails at once', () => {
    expect(retryAfter(new UnusableAddressError('none'), 1, backoff)).toBeUndefined();
  });

  test('a refused mail says nothing about the server’s health', () => {
    expect(isRefusal(smtp(550))).toBe(true);
    expect(isRefusal(smtp(421))).toBe(false);
    expect(isRefusal(new Error('timeout'))).toBe(false);
  });
});
