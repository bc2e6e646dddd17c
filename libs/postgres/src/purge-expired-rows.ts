import { pause } from '@homeroom/resilience';
import type { Logger } from '@homeroom/telemetry';

const hourMs = 3_600_000;

/**
 * Deletes expired rows once an hour, until `signal` aborts. A failure is logged and retried an hour later.
 * @param purges delete expired rows and return how many, by the name that the log gives them.
 */
export async function purgeExpiredRows(
  purges: Readonly<Record<string, () => Promise<number>>>,
  { signal, logger, everyMs = hourMs }: { signal: AbortSignal; logger: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    for (const [rows, purge] of Object.entries(purges)) {
      try {
        const deleted = await purge();
        if (deleted > 0) logger.info({ rows, deleted }, 'deleted expired rows');
      } catch (error) {
        logger.warn({ err: error, rows }, 'deleting expired rows failed');
      }
    }
    await pause(everyMs, signal, { ref: false });
  }
}
