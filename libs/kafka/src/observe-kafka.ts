import type { Logger, Metrics } from '@homeroom/telemetry';
import type { KafkaEvent } from './types.ts';

/** Turns the Kafka client's events into metrics and log lines. */
export function observeKafka({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: KafkaEvent) => void {
  const consumed = metrics.counter('kafka_consumed_total', 'Messages processed', ['group', 'topic', 'outcome']);
  const age = metrics.histogram('kafka_event_age_seconds', 'Age of messages when they were processed, in seconds', [
    'group',
    'topic',
  ]);
  const lag = metrics.gauge('kafka_consumer_lag', 'Consumer lag, in messages', ['group', 'topic', 'partition']);
  return (event) => {
    switch (event.kind) {
      case 'consumed': {
        const { group, topic, outcome, ageMs } = event;
        consumed.inc({ group, topic, outcome });
        age.observe({ group, topic }, ageMs / 1_000);
        return;
      }
      case 'lag':
        lag.set({ group: event.group, topic: event.topic, partition: String(event.partition) }, event.lag);
        return;
      case 'joined':
        logger.info({ group: event.group, partitions: event.partitions }, 'joined');
        return;
      case 'dead-lettered':
        logger.error({ ...event, err: event.error }, 'message dead-lettered');
        return;
      case 'retrying':
      case 'restarting':
      case 'waiting-for-broker':
      case 'produce-failed':
        logger.warn({ ...event, err: event.error }, event.kind);
        return;
      case 'fatal':
        // no caller awaits a consumer, so none can catch this: the process ends and is replaced
        queueMicrotask(() => {
          throw new Error(`consumer ${event.group} failed permanently`, { cause: event.error });
        });
    }
  };
}
