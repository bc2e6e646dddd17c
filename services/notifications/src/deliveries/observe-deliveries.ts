import type { Logger, Metrics } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import type { PolicyEvent } from '@homeroom/resilience';
import type { DeliveryEvent } from './deliver-mail.ts';
import { countOpen } from './store.ts';

/** Turns what happens to mails into metrics and log lines. Never logs an address or a subject. */
export function observeDeliveries({
  logger,
  metrics,
  database,
}: {
  logger: Logger;
  metrics: Metrics;
  database: Database;
}): {
  onDelivery: (event: DeliveryEvent) => void;
  onSmtp: (event: PolicyEvent) => void;
} {
  const attempts = metrics.counter('mail_attempts_total', 'Attempts to send a mail', ['kind', 'outcome']);
  const age = metrics.histogram(
    'mail_age_seconds',
    'From the notification to the accepted mail',
    [],
    [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600],
  );
  const breaker = metrics.gauge('mail_breaker_open', '1 while the mail server is left alone');
  const oldest = metrics.gauge('mail_oldest_open_seconds', 'Age of the oldest mail that is not sent', [
    'queue',
    'status',
  ]);
  metrics.gauge('mail_open', 'Mails that are not sent yet', ['queue', 'status'], async (gauge) => {
    gauge.reset();
    oldest.reset();
    try {
      for (const { queue, status, count, oldestSeconds } of await countOpen(database)) {
        gauge.set({ queue, status }, count);
        oldest.set({ queue, status }, oldestSeconds);
      }
    } catch (error) {
      // a database that is away must not take the other metrics along
      logger.warn({ err: error }, 'open mails were not counted');
    }
  });
  return {
    onDelivery(event) {
      switch (event.kind) {
        case 'sent':
          attempts.inc({ kind: event.mail, outcome: 'sent' });
          age.observe(event.ageMs / 1_000);
          return;
        case 'retry':
          attempts.inc({ kind: event.mail, outcome: 'retry' });
          logger.warn({ err: event.error, id: event.id, attempts: event.attempts }, 'a mail is tried again later');
          return;
        case 'failed':
          attempts.inc({ kind: event.mail, outcome: 'failed' });
          logger.error({ err: event.error, id: event.id, attempts: event.attempts }, 'a mail was given up');
          return;
        case 'lease-lost':
          logger.warn(
            { id: event.id, attempts: event.attempts },
            'a mail took longer than its lease: it may arrive twice',
          );
          return;
        case 'database-down':
          logger.warn({ err: event.error }, 'no mails are sent: the database does not answer');
      }
    },
    onSmtp(event) {
      if (event.kind !== 'breaker') return;
      breaker.set(event.state === 'closed' ? 0 : 1);
      logger.warn({ state: event.state }, 'mail server breaker');
    },
  };
}
