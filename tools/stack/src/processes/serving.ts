import { pause } from '@homeroom/resilience';

/** Polls `probe` until it does not throw. @throws when `signal` aborts. */
export async function untilServing(signal: AbortSignal, probe: () => Promise<unknown>, everyMs = 50): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const [outcome] = await Promise.allSettled([probe()]);
    if (outcome.status === 'fulfilled') return;
    await pause(everyMs, signal, { ref: false });
  }
}

/** Rejects unless the address answers 200. */
export async function expectOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
}
