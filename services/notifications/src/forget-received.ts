import type { Logger } from '@homeroom/chassis';
import { forgetReceived } from '@homeroom/outbox';
import type { Database } from '@homeroom/postgres';
import { setTimeout as sleep } from 'node:timers/promises';

const hourMs = 3_600_000;

/** Once an hour, until `signal` aborts, forgets the ids of events that no broker will send again. */
export async function forgetReceivedEvents(
  database: Database,
  { signal, logger, everyMs = hourMs }: { signal: AbortSignal; logger: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const events = await forgetReceived(database);
      if (events > 0) logger.info({ events }, 'forgot old rows');
    } catch (error) {
      logger.warn({ err: error }, 'old rows were not forgotten');
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
