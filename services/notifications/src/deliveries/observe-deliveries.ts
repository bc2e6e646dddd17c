import type { Shell } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import type { PolicyEvent } from '@homeroom/resilience';
import type { DeliveryEvent } from './deliver-mail.ts';
import { countOpen } from './store.ts';

/** Turns what happens to mails into metrics and log lines. Never logs an address or a subject. */
export function observeDeliveries(
  { logger, metrics }: Pick<Shell, 'logger' | 'metrics'>,
  database: Database,
): {
  onDelivery: (event: DeliveryEvent) => void;
  onSmtp: (event: PolicyEvent) => void;
} {
  const attempts = metrics.counter('mail_attempts_total', 'Attempts to send a mail', ['kind', 'outcome']);
  const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600];
  const age = metrics.histogram('mail_age_seconds', 'Age of mails when they were accepted, in seconds', [], buckets);
  const breaker = metrics.gauge('mail_breaker_open', '1 while the breaker of the mail server is not closed');
  const labels = ['queue', 'status'] as const;
  const oldest = metrics.gauge('mail_oldest_open_seconds', 'Age of the oldest unsent mail, in seconds', labels);
  metrics.gauge('mail_open', 'Mails that are not sent yet', labels, async (gauge) => {
    gauge.reset();
    oldest.reset();
    try {
      for (const { queue, status, count, oldestSeconds } of await countOpen(database)) {
        gauge.set({ queue, status }, count);
        oldest.set({ queue, status }, oldestSeconds);
      }
    } catch (error) {
      // the scrape must not fail: the other metrics do not need the database
      logger.warn({ err: error }, 'unsent mails not counted');
    }
  });
  return {
    onDelivery(event) {
      if (event.kind === 'database-down') {
        logger.warn({ err: event.error }, 'database unavailable, no mail is sent');
        return;
      }
      const { id, attempts: attempt } = event;
      if (event.kind === 'lease-lost') {
        logger.warn({ id, attempts: attempt }, 'lease of a mail expired, it may arrive twice');
        return;
      }
      attempts.inc({ kind: event.mail, outcome: event.kind });
      if (event.kind === 'sent') age.observe(event.ageMs / 1_000);
      else if (event.kind === 'retry') logger.warn({ err: event.error, id, attempts: attempt }, 'mail postponed');
      else logger.error({ err: event.error, id, attempts: attempt }, 'mail failed permanently');
    },
    onSmtp(event) {
      if (event.kind !== 'breaker') return;
      breaker.set(event.state === 'closed' ? 0 : 1);
      logger.warn({ state: event.state }, 'mail server breaker changed');
    },
  };
}
