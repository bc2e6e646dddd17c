import { expect, test } from '@jest/globals';
import { joinSignals } from '@homeroom/resilience';
import { getEventListeners } from 'node:events';

test('aborts with the first of its signals, and with its reason', () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const { signal } = joinSignals(first.signal, second.signal);
  expect(signal.aborted).toBe(false);
  second.abort('second');
  first.abort('first');
  expect(signal.reason).toBe('second');
});

test('is aborted from the start when one of them is', () => {
  expect(joinSignals(new AbortController().signal, AbortSignal.abort('before')).signal.reason).toBe('before');
});

test('leaves nothing behind on a signal that lives long, whether it was released or aborted', () => {
  const [process, request] = [new AbortController(), new AbortController()];
  {
    using joined = joinSignals(process.signal, request.signal);
    expect(joined.signal.aborted).toBe(false);
    expect(getEventListeners(process.signal, 'abort')).toHaveLength(1);
  }
  expect(getEventListeners(process.signal, 'abort')).toHaveLength(0);
  joinSignals(process.signal, request.signal);
  request.abort();
  expect(getEventListeners(process.signal, 'abort')).toHaveLength(0);
});
