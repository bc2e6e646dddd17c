import { fullJitter } from '@homeroom/resilience';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRetryable, sqlState } from './errors.ts';
import type { OnEvent } from './events.ts';

const attempts = 5;
const backoff = { baseMs: 20, maxMs: 160 };

/**
 * Runs `work` again when the server rolled it back for a reason that a second run may not meet. Full jitter: transactions
 * that collided must not collide again.
 */
export async function retrying<T>(onEvent: OnEvent, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === attempts || !isRetryable(error)) throw error;
      const delayMs = fullJitter(attempt, backoff);
      onEvent({ type: 'retry', code: sqlState(error) ?? '', attempt, delayMs });
      await sleep(delayMs);
    }
  }
}
