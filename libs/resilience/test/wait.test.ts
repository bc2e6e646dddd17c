import { describe, expect, test } from '@jest/globals';
import { orAborted, pause, within } from '@homeroom/resilience';
import { getEventListeners } from 'node:events';

const forever = new Promise<never>(() => undefined);
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('a pause', () => {
  test('ends at once when its signal aborts, and leaves neither timer nor listener', async () => {
    const before = timers();
    const stop = new AbortController();
    const startedAt = performance.now();
    const pausing = pause(60_000, stop.signal);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    stop.abort();
    await pausing;
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(timers()).toBe(before);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
  });

  test('does not begin when its signal has aborted, and leaves no listener when it ends by itself', async () => {
    await pause(60_000, AbortSignal.abort());
    const { signal } = new AbortController();
    await pause(1, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('a wait', () => {
  test('within a time gives the answer, or the error of being late; no timer is left', async () => {
    const before = timers();
    const late = (): Error => new Error('too late');
    expect(await within(60_000, Promise.resolve('an answer'), late)).toBe('an answer');
    await expect(within(60_000, Promise.reject(new Error('a failure')), late)).rejects.toThrow('a failure');
    await expect(within(5, forever, late)).rejects.toThrow('too late');
    expect(timers()).toBe(before);
  });

  test('until a signal aborts ends with its reason, and leaves no listener', async () => {
    const stop = new AbortController();
    expect(await orAborted(Promise.resolve('an answer'), stop.signal)).toBe('an answer');
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(0);
    const waiting = orAborted(forever, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
    await expect(orAborted(forever, stop.signal, () => new Error('closed'))).rejects.toThrow('closed');
  });
});
