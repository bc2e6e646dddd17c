import type { Logger, Metrics } from '@homeroom/telemetry';
import { openKafka } from './kafka.ts';
import { observeKafka } from './observe-kafka.ts';
import type { Consumer, Kafka } from './types.ts';

/** What a process gives to its Kafka client. The chassis's `Shell` fits. */
interface KafkaShell {
  readonly name: string;
  /** As the chassis's `kafkaConfig` reads it. */
  readonly config: { readonly KAFKA_BROKERS: readonly string[]; readonly TOPIC_PREFIX: string };
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: {
    check(
      name: string,
      probe: (signal: AbortSignal) => Promise<unknown>,
      options: { readonly critical: boolean },
    ): void;
    alive(name: string, isAlive: () => boolean): void;
  };
  readonly onClose: (name: string, close: () => Promise<unknown>) => void;
}

/**
 * Opens a process's Kafka client: logged, measured, watched by a health check, closed at the end with its consumers. Open it
 * after what the consumers' handlers use. The check is not critical: what cannot be published stays in the outbox.
 */
export function openServiceKafka({ name, config, logger, metrics, health, onClose }: KafkaShell): Kafka {
  const kafka = openKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: name,
    topicPrefix: config.TOPIC_PREFIX,
    onEvent: observeKafka({ logger, metrics }),
  });
  onClose('kafka', () => kafka.close());
  health.check('kafka', (signal) => kafka.ping(signal), { critical: false });
  return kafka;
}

/** Starts a process's consumers. A consumer that has stopped polling fails the liveness probe. */
export async function startConsumers(
  { health }: Pick<KafkaShell, 'health'>,
  starting: readonly Promise<Consumer>[],
): Promise<void> {
  const consumers = await Promise.all(starting);
  health.alive('consumers', () => consumers.every((consumer) => consumer.healthy()));
}
