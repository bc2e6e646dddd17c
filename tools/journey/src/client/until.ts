import { setTimeout as delay } from 'node:timers/promises';

/** A condition was not met in time. */
export class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/**
 * Polls `probe` until it has an answer.
 * @throws {TooLateError} naming `what` after `timeoutMs`.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 500 }: { readonly timeoutMs: number; readonly everyMs?: number },
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    if (Date.now() >= deadline) throw new TooLateError(`${what}: not within ${Math.round(timeoutMs / 1000)} s`);
    await delay(everyMs);
  }
}

/** Works through `items` in order, at most `clients` at a time. The first error ends it. */
export async function inParallel<T>(
  items: readonly T[],
  clients: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (const [index, item] of queue) await work(item, index);
    }),
  );
}
