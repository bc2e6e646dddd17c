import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from './wiring/logger.ts';

const hourMs = 3_600_000;

/**
 * Once an hour, until `signal` aborts, forgets what nobody will ask for again. A failure is told and tried again an hour
 * later.
 * @param forget what deletes old rows and says how many, by what the log calls them.
 */
export async function forgetOldRows(
  forget: Readonly<Record<string, () => Promise<number>>>,
  { signal, logger, everyMs = hourMs }: { signal: AbortSignal; logger: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    for (const [rows, work] of Object.entries(forget)) {
      try {
        const forgotten = await work();
        if (forgotten > 0) logger.info({ rows, forgotten }, 'forgot old rows');
      } catch (error) {
        logger.warn({ err: error, rows }, 'old rows were not forgotten');
      }
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
