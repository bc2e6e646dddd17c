import { describe, expect, test } from '@jest/globals';
import { Deadline } from '@homeroom/resilience';

describe('a deadline', () => {
  test('hands down what is left, not a fresh allowance', () => {
    let now = 1000;
    const deadline = Deadline.in(500, () => now);
    expect(deadline.bound(2000)).toBe(500);
    expect(deadline.bound(100)).toBe(100);
    now += 450;
    expect(deadline.remainingMs()).toBe(50);
    expect(deadline.bound(100)).toBe(50);
    expect(deadline.passed).toBe(false);
    now += 51;
    expect(deadline.remainingMs()).toBe(0);
    expect(deadline.passed).toBe(true);
  });

  test('aborts its signal with a TimeoutError', async () => {
    const signal = Deadline.in(5).signal();
    expect(signal.aborted).toBe(false);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('gives an aborted signal when it has passed', () => {
    let now = 0;
    const deadline = Deadline.in(1, () => now);
    now = 5;
    expect(deadline.signal().aborted).toBe(true);
  });
});
