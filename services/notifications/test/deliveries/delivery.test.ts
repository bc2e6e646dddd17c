import { describe, expect, test } from '@jest/globals';
import { afterFailure, isRefusal } from '../../src/deliveries/delivery.ts';
import { UnusableAddressError } from '../../src/deliveries/mail.ts';

const backoff = { baseMs: 1_000, maxMs: 60_000 };
const smtp = (responseCode: number): Error => Object.assign(new Error('refused'), { responseCode });

describe('after a failed attempt', () => {
  test('a server that is away is tried for ever, ever more rarely, at a random time', () => {
    const down = new Error('connect ECONNREFUSED');
    expect(afterFailure(down, 1, backoff, () => 1)).toEqual({ step: 'retry', afterMs: 1_000 });
    expect(afterFailure(down, 4, backoff, () => 0.5)).toEqual({ step: 'retry', afterMs: 4_000 });
    expect(afterFailure(down, 10_000, backoff, () => 1)).toEqual({ step: 'retry', afterMs: 60_000 });
  });

  test('“try again later” is tried again, however often', () => {
    expect(afterFailure(smtp(451), 100, backoff)).toMatchObject({ step: 'retry' });
  });

  test('a refusal is believed at the third time', () => {
    expect(afterFailure(smtp(550), 2, backoff)).toMatchObject({ step: 'retry' });
    expect(afterFailure(smtp(550), 3, backoff)).toEqual({ step: 'give-up' });
  });

  test('an address that is none is given up at once', () => {
    expect(afterFailure(new UnusableAddressError('none'), 1, backoff)).toEqual({ step: 'give-up' });
  });

  test('a refused mail says nothing about the server’s health', () => {
    expect(isRefusal(smtp(550))).toBe(true);
    expect(isRefusal(smtp(421))).toBe(false);
    expect(isRefusal(new Error('timeout'))).toBe(false);
  });
});
