import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits `ms` milliseconds, or less when `signal` aborts. Never rejects, so that a loop may look at its signal itself.
 * @param options.ref false: does not keep the process running.
 */
export async function pause(ms: number, signal: AbortSignal, { ref = true } = {}): Promise<void> {
  await sleep(ms, undefined, { signal, ref }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/**
 * Waits for `work`, which takes no signal and goes on, at most `ms` milliseconds. The timer ends with the wait; the one of
 * `AbortSignal.timeout` would stay.
 * @param late makes the error of a wait that has ended without an answer.
 */
export async function within<T>(ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for `work`, or until `signal` aborts. `work` itself goes on.
 * @throws the signal's reason, or what `reason` makes.
 */
export async function orAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(reason());
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
