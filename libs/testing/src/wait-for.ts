import { inspect } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until `probe` returns something other than undefined, null, or false, and returns it. A probe that throws, such as a
 * failed `expect`, is called again.
 * @param what the condition in words: the error names it, and what the probe returned or threw last.
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  { timeoutMs = 15_000, everyMs = 25 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: unknown;
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const found = last instanceof Error ? last.message : inspect(last);
      throw new Error(`waited ${timeoutMs} ms for ${what}; last: ${found}`, { cause: last });
    }
    await sleep(everyMs);
  }
}
