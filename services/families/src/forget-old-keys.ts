import type { Logger } from '@homeroom/chassis';
import { forgetIdempotencyKeys, type Database } from '@homeroom/postgres';
import { setTimeout as sleep } from 'node:timers/promises';

const hourMs = 3_600_000;

/** Once an hour, until `signal` aborts, forgets idempotency keys that no client will send again. */
export async function forgetOldKeys(
  database: Database,
  { signal, logger, everyMs = hourMs }: { signal: AbortSignal; logger: Logger; everyMs?: number },
): Promise<void> {
  while (!signal.aborted) {
    try {
      const forgotten = await forgetIdempotencyKeys(database);
      if (forgotten > 0) logger.info({ forgotten }, 'old idempotency keys');
    } catch (error) {
      logger.warn({ err: error }, 'old idempotency keys were not forgotten');
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
