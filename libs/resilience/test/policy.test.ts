import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { breaker, isBrokenCircuit, isRejected, policy, type PolicyEvent } from '@homeroom/resilience';
import { testWithSwitch } from '@homeroom/testing/switch';
import { isTimeout } from '../src/errors.ts';

const down = async (): Promise<never> => {
  throw new Error('connection refused');
};
const never = (): Promise<never> => new Promise(() => undefined);
const errorOf = async (running: Promise<unknown>): Promise<unknown> =>
  running.then(
    () => undefined,
    (error: unknown) => error,
  );

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the time limit', () => {
  testWithSwitch(
    'ends a call that does not answer, aborts its signal, and reports it',
    {
      name: 'timeoutMs',
      on: 200,
      off: 3_600_000,
      failure: /Expected substring: "payment: no answer within 200 ms"\n+Received string: +"still waiting"/,
    },
    async (timeoutMs) => {
      const events: PolicyEvent[] = [];
      const payment = policy({ name: 'payment', timeoutMs, onEvent: (event) => events.push(event) });
      let signal: AbortSignal | undefined;
      const failed = errorOf(payment.execute((context) => ((signal = context.signal), never())));
      await jest.advanceTimersByTimeAsync(199);
      expect(signal?.aborted).toBe(false);
      await jest.advanceTimersByTimeAsync(1);
      const error = await Promise.race([failed, Promise.resolve('still waiting')]);
      expect(String(error)).toContain('payment: no answer within 200 ms');
      expect(isTimeout(error)).toBe(true);
      expect(signal?.aborted).toBe(true);
      expect(events.map(({ kind }) => kind)).toEqual(['timed-out', 'failed']);
    },
  );

  test('leaves a quick answer alone and leaves no timer behind', async () => {
    expect(await policy({ name: 'quick', timeoutMs: 200 }).execute(async () => 'answer')).toBe('answer');
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('retries', () => {
  const retrying = { name: 'mail', timeoutMs: 1000, retry: { attempts: 4, baseMs: 100, maxMs: 300 } };

  test('try again until it works, at most `attempts` times in all', async () => {
    const seen: number[] = [];
    const works = policy(retrying).execute(async ({ attempt }) => (seen.push(attempt), attempt < 3 ? down() : 'sent'));
    await jest.advanceTimersByTimeAsync(1000);
    expect(await works).toBe('sent');
    expect(seen).toEqual([1, 2, 3]);

    const tries = jest.fn(down);
    const fails = errorOf(policy(retrying).execute(tries));
    await jest.advanceTimersByTimeAsync(1000);
    expect(await fails).toMatchObject({ message: 'connection refused' });
    expect(tries).toHaveBeenCalledTimes(4);
  });

  test('wait a random part of a growing, capped time', async () => {
    const delays: number[][] = [[], [], []];
    for (let round = 0; round < 200; round += 1) {
      const run = errorOf(
        policy({
          ...retrying,
          onEvent: (e) => (e.kind === 'retrying' ? delays[e.attempt - 1]?.push(e.delayMs) : 0),
        }).execute(down),
      );
      await jest.advanceTimersByTimeAsync(1000);
      await run;
    }
    const longest = delays.map((of) => Math.max(...of));
    [100, 200, 300].forEach((cap, index) => {
      expect(longest[index]).toBeLessThanOrEqual(cap);
      expect(longest[index]).toBeGreaterThan(cap * 0.8);
      expect(Math.min(...(delays[index] ?? []))).toBeLessThan(cap * 0.2);
    });
  });

  test('do not repeat what the other side refused', async () => {
    const declined = jest.fn(async () => {
      throw new Error('declined');
    });
    const careful = policy({ ...retrying, isFailure: (error) => !String(error).includes('declined') });
    expect(await errorOf(careful.execute(declined))).toMatchObject({ message: 'declined' });
    expect(declined).toHaveBeenCalledTimes(1);
  });
});

describe('the breaker', () => {
  const options = { name: 'payment', timeoutMs: 1000, breaker: { failures: 3, openMs: 5000 } };

  test('goes closed → open → half-open → closed and reports every change', async () => {
    const states: string[] = [];
    const payment = policy({ ...options, onEvent: (e) => (e.kind === 'breaker' ? states.push(e.state) : 0) });
    for (let call = 0; call < 3; call += 1) await errorOf(payment.execute(down));
    expect(payment.breakerState()).toBe('open');

    const asked = jest.fn(async () => 'charged');
    expect(isBrokenCircuit(await errorOf(payment.execute(asked)))).toBe(true);
    expect(asked).not.toHaveBeenCalled();

    await jest.advanceTimersByTimeAsync(5000);
    const test = payment.execute(asked);
    expect(payment.breakerState()).toBe('half-open');
    expect(await test).toBe('charged');
    expect(payment.breakerState()).toBe('closed');
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  test('opens again when the one try through fails', async () => {
    const payment = policy(options);
    for (let call = 0; call < 3; call += 1) await errorOf(payment.execute(down));
    await jest.advanceTimersByTimeAsync(5000);
    expect(await errorOf(payment.execute(down))).toMatchObject({ message: 'connection refused' });
    expect(payment.breakerState()).toBe('open');
  });

  test('counts time-outs, and ends the retries when it opens', async () => {
    const payment = policy({ ...options, timeoutMs: 100, retry: { attempts: 10, baseMs: 1, maxMs: 1 } });
    const tries = jest.fn(never);
    const failed = errorOf(payment.execute(tries));
    await jest.advanceTimersByTimeAsync(1000);
    expect(isBrokenCircuit(await failed)).toBe(true);
    expect(tries).toHaveBeenCalledTimes(3);
  });

  test('does not count refusals: the other side is well', async () => {
    const payment = policy({ ...options, isFailure: () => false });
    for (let call = 0; call < 20; call += 1) await errorOf(payment.execute(down));
    expect(payment.breakerState()).toBe('closed');
  });

  test('does not count callers that gave up', async () => {
    const payment = policy(options);
    for (let call = 0; call < 5; call += 1) {
      const caller = new AbortController();
      const failed = errorOf(payment.execute(never, { signal: caller.signal }));
      caller.abort(new Error('client disconnected'));
      expect(await failed).toMatchObject({ message: 'client disconnected' });
    }
    await jest.advanceTimersByTimeAsync(10);
    expect(payment.breakerState()).toBe('closed');
  });

  test('without it, every call keeps calling what is down', async () => {
    const unprotected = { name: options.name, timeoutMs: options.timeoutMs };
    const calls = policy(unprotected);
    const tries = jest.fn(down);
    for (let call = 0; call < 20; call += 1) await errorOf(calls.execute(tries));
    expect(tries).toHaveBeenCalledTimes(20);
  });
});

describe('the bulkhead', () => {
  const started = async (limits?: {
    concurrent: number;
    queued: number;
  }): Promise<{ most: number; rejected: number }> => {
    const slow = policy({ name: 'slow', timeoutMs: 1000, ...(limits && { bulkhead: limits }) });
    let [running, most, rejected] = [0, 0, 0];
    const calls = Array.from({ length: 20 }, async () => {
      try {
        await slow.execute(async () => {
          most = Math.max(most, (running += 1));
          await new Promise((resolve) => setTimeout(resolve, 100));
          running -= 1;
        });
      } catch (error) {
        expect(isRejected(error)).toBe(true);
        rejected += 1;
      }
    });
    await jest.advanceTimersByTimeAsync(1000);
    await Promise.all(calls);
    return { most, rejected };
  };

  test('lets `concurrent` calls through, keeps `queued` waiting, rejects the rest at once', async () => {
    expect(await started({ concurrent: 3, queued: 5 })).toEqual({ most: 3, rejected: 12 });
  });

  test('without it, all of them run at once', async () => {
    expect(await started()).toEqual({ most: 20, rejected: 0 });
  });
});

describe('a caller that gives up', () => {
  test('is not kept waiting by a pause between tries, and nothing is tried after', async () => {
    const tries = jest.fn(down);
    const mail = policy({ name: 'mail', timeoutMs: 100, retry: { attempts: 5, baseMs: 60_000, maxMs: 60_000 } });
    const caller = new AbortController();
    const failed = errorOf(mail.execute(tries, { signal: caller.signal }));
    await jest.advanceTimersByTimeAsync(0);
    caller.abort(new Error('shutting down'));
    expect(await failed).toMatchObject({ message: 'shutting down' });
    await jest.advanceTimersByTimeAsync(300_000);
    expect(tries).toHaveBeenCalledTimes(1);
  });

  test('aborts the try that is under way', async () => {
    const caller = new AbortController();
    let signal: AbortSignal | undefined;
    const failed = errorOf(
      policy({ name: 'call', timeoutMs: 1000 }).execute((context) => ((signal = context.signal), never()), {
        signal: caller.signal,
      }),
    );
    await jest.advanceTimersByTimeAsync(0);
    caller.abort();
    await failed;
    expect(signal?.aborted).toBe(true);
  });
});

test.each([
  [{ timeoutMs: 0 }, 'timeoutMs'],
  [{ timeoutMs: 1, retry: { attempts: 0, baseMs: 1, maxMs: 1 } }, 'retry.attempts'],
  [{ timeoutMs: 1, retry: { attempts: 2, baseMs: 10, maxMs: 1 } }, 'retry.maxMs'],
  [{ timeoutMs: 1, breaker: { failures: 0, openMs: 1 } }, 'breaker.failures'],
  [{ timeoutMs: 1, bulkhead: { concurrent: 0, queued: 1 } }, 'bulkhead.concurrent'],
])('options that make no sense are refused at once: %j', (options, named) => {
  expect(() => policy({ name: 'odd', ...options })).toThrow(`policy odd: ${named}`);
});

describe('a breaker on its own', () => {
  test('opens, does not ask, and closes again when one try succeeds', async () => {
    const states: string[] = [];
    const redis = breaker('redis', { failures: 2, openMs: 1000 }, (state) => states.push(state));
    await errorOf(redis.execute(down));
    await errorOf(redis.execute(down));
    const asked = jest.fn(async () => 'pong');
    expect(isBrokenCircuit(await errorOf(redis.execute(asked)))).toBe(true);
    expect(asked).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1000);
    expect(await redis.execute(asked)).toBe('pong');
    expect([redis.state(), ...states]).toEqual(['closed', 'open', 'half-open', 'closed']);
  });
});
