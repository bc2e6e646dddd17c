import type { Logger } from '@homeroom/chassis';
import { forgetReceived } from '@homeroom/outbox';
import { forgetIdempotencyKeys, type Database } from '@homeroom/postgres';
import { setTimeout as sleep } from 'node:timers/promises';

const hourMs = 3_600_000;

/** Once an hour, until `signal` aborts, forgets keys that no client and events that no broker will send again. */
export async function forgetOldRows(
  database: Database,
  { signal, logger, everyMs = hourMs }: { signal: AbortSignal; logger: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const keys = await forgetIdempotencyKeys(database);
      const events = await forgetReceived(database);
      if (keys + events > 0) logger.info({ keys, events }, 'forgot old rows');
    } catch (error) {
      logger.warn({ err: error }, 'old rows were not forgotten');
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
