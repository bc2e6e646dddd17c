import type { Database } from '@homeroom/postgres';
import { pause } from '@homeroom/resilience';
import { expireOffers } from '../enrollments/expire-offers.ts';
import type { Terms } from '../seats/terms.ts';
import { notifyDelays } from './notify-delays.ts';
import type { PaymentProvider } from './provider.ts';

export type DeadlineEvent =
  | { readonly type: 'expired' | 'delayed'; readonly count: number }
  /** The database is unavailable; the next poll finds the same rows. */
  | { readonly type: 'failed'; readonly error: unknown };

export interface DeadlineOptions {
  readonly db: Database;
  readonly provider: Pick<PaymentProvider, 'breaker'>;
  readonly terms: Terms;
  readonly noticeMs: number;
  readonly pollMs: number;
  readonly onEvent: (event: DeadlineEvent) => void;
}

const limit = 100;

/** Expires offers and reports delayed payments of all co-ops, until `signal` aborts. Any number may run at once. */
export async function watchDeadlines(options: DeadlineOptions, signal: AbortSignal): Promise<void> {
  const { db, provider, terms, noticeMs, pollMs, onEvent } = options;
  while (!signal.aborted) {
    try {
      const expired = await expireOffers({ db, terms }, { limit });
      if (expired > 0) onEvent({ type: 'expired', count: expired });
      const isDown = provider.breaker() !== 'closed';
      const delayed = await notifyDelays({ db }, { noticeMs, isDown, limit });
      if (delayed > 0) onEvent({ type: 'delayed', count: delayed });
      if (expired === limit || delayed === limit) continue;
    } catch (error) {
      onEvent({ type: 'failed', error });
    }
    await pause(pollMs, signal);
  }
}
