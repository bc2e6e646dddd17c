import type { KafkaEvent } from '@homeroom/kafka';
import type { Logger } from './wiring/logger.ts';
import type { Metrics } from './wiring/metrics.ts';

/** Turns what the Kafka client tells into metrics and log lines. */
export function observeKafka({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: KafkaEvent) => void {
  const consumed = metrics.counter('kafka_consumed_total', 'Messages done with', ['group', 'topic', 'outcome']);
  const age = metrics.histogram('kafka_event_age_seconds', 'Age of a message when it was done', ['group', 'topic']);
  const lag = metrics.gauge('kafka_consumer_lag', 'Messages after the one just done', ['group', 'topic', 'partition']);
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
        logger.error({ ...event, err: event.error }, 'a message went to the dead letters');
        return;
      case 'retrying':
      case 'restarting':
      case 'waiting-for-broker':
      case 'produce-failed':
        logger.warn({ ...event, err: event.error }, event.kind);
        return;
      case 'fatal':
        // nobody waits for a consumer, so nobody can catch this: the process ends and is replaced
        queueMicrotask(() => {
          throw new Error(`the consumer ${event.group} is gone`, { cause: event.error });
        });
    }
  };
}
