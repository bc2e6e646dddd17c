import type { Logger, Metrics } from '@homeroom/chassis';
import type { KafkaEvent } from '@homeroom/kafka';

/** Turns what the Kafka client tells into metrics and log lines. Never logs a message. */
export function observeKafka({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: KafkaEvent) => void {
  const consumed = metrics.counter('kafka_consumed_total', 'Messages by what became of them', [
    'group',
    'topic',
    'outcome',
  ]);
  const seconds = metrics.histogram('kafka_handler_seconds', 'Time to handle a message, retries included', [
    'group',
    'topic',
  ]);
  const age = metrics.histogram('kafka_message_age_seconds', 'From publication to handled', ['group', 'topic']);
  const lag = metrics.gauge('kafka_consumer_lag', 'Messages that lie ahead', ['group', 'topic', 'partition']);
  const retries = metrics.counter('kafka_handler_retries_total', 'Messages tried again', ['group', 'topic']);
  return (event) => {
    switch (event.kind) {
      case 'consumed': {
        const { group, topic, outcome } = event;
        consumed.inc({ group, topic, outcome });
        seconds.observe({ group, topic }, event.durationMs / 1_000);
        age.observe({ group, topic }, event.ageMs / 1_000);
        return;
      }
      case 'lag':
        lag.set({ group: event.group, topic: event.topic, partition: event.partition }, event.lag);
        return;
      case 'retrying':
        retries.inc({ group: event.group, topic: event.topic });
        logger.warn(
          {
            err: event.error,
            topic: event.topic,
            partition: event.partition,
            offset: event.offset,
            attempt: event.attempt,
          },
          'an event is tried again',
        );
        return;
      case 'dead-lettered':
        logger.error(
          { reason: event.reason, topic: event.topic, partition: event.partition, offset: event.offset },
          'an event went to the dead letters',
        );
        return;
      case 'fatal':
        logger.fatal({ err: event.error, group: event.group }, 'the consumer is gone');
        return;
      case 'joined':
        logger.info({ group: event.group, partitions: event.partitions }, 'joined');
        return;
      case 'waiting-for-broker':
      case 'restarting':
      case 'produce-failed':
        logger.warn({ err: event.error }, event.kind);
        return;
      case 'waiting-for-topics':
        logger.warn({ topics: event.topics }, event.kind);
        return;
      case 'produced':
    }
  };
}
