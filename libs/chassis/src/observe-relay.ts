import type { RelayEvent } from '@homeroom/outbox';
import type { Logger } from './wiring/logger.ts';
import type { Metrics } from './wiring/metrics.ts';

/** Turns what the relay tells into metrics and log lines. */
export function observeRelay({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: RelayEvent) => void {
  const published = metrics.counter('outbox_published_total', 'Events handed to the broker');
  const failed = metrics.counter('outbox_publish_failures_total', 'Batches that the broker did not take');
  const refused = metrics.counter('outbox_refused_total', 'Events that the broker will never take as they are');
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest event of the last batch');
  const leading = metrics.gauge('outbox_relay_leading', '1 while this process publishes');
  return (event) => {
    switch (event.type) {
      case 'leading':
      case 'following':
        leading.set(event.type === 'leading' ? 1 : 0);
        logger.info({ relay: event.type }, 'outbox relay');
        return;
      case 'published':
        published.inc(event.count);
        age.set(event.ageMs / 1_000);
        return;
      case 'publish-failed':
        failed.inc();
        logger.warn(
          { err: event.error, attempt: event.attempt },
          'events wait in the outbox: the broker did not take them',
        );
        return;
      case 'refused':
        refused.inc();
        logger.error(
          { err: event.error, key: event.key, holdMs: event.holdMs },
          'the broker will not take an event: it waits, and all that follow it under its key',
        );
        return;
      case 'connection-lost':
        leading.set(0);
        logger.warn({ err: event.error, attempt: event.attempt }, 'the relay lost its connection');
    }
  };
}
