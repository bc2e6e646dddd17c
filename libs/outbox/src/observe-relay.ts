import type { Logger, Metrics } from '@homeroom/telemetry';
import type { RelayEvent } from './relay.ts';

/** Turns a relay's events into metrics and log lines. */
export function observeRelay({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: RelayEvent) => void {
  const published = metrics.counter('outbox_published_total', 'Events published');
  const failed = metrics.counter('outbox_publish_failures_total', 'Batches that failed to publish');
  const refused = metrics.counter('outbox_refused_total', 'Events that the broker refused');
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest event of the last batch, in seconds');
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
        logger.warn({ err: event.error, attempt: event.attempt }, 'publishing failed, events stay in the outbox');
        return;
      case 'refused':
        refused.inc();
        logger.error(
          { err: event.error, key: event.key, holdMs: event.holdMs },
          'event refused by the broker, its key is on hold',
        );
        return;
      case 'connection-lost':
        leading.set(0);
        logger.warn({ err: event.error, attempt: event.attempt }, 'relay lost its database connection');
    }
  };
}
