import type { Shell } from '@homeroom/telemetry';
import { openKafka, type Kafka } from './kafka.ts';
import { observeKafka } from './observe-kafka.ts';
import type { Consumer } from './types.ts';

/** As the chassis's `kafkaConfig` reads it. */
interface KafkaConfig {
  readonly KAFKA_BROKERS: readonly string[];
  readonly TOPIC_PREFIX: string;
  readonly KAFKA_SESSION_TIMEOUT_MS: number;
}

/**
 * Opens a process's Kafka client: logged, measured, watched by a health check, closed at the end with its consumers. Open it
 * after what the consumers' handlers use. The check is not critical: what cannot be published stays in the outbox.
 */
export function openServiceKafka(shell: Omit<Shell<KafkaConfig>, 'service' | 'signal' | 'run'>): Kafka {
  const { name, config, logger, metrics, health, onClose } = shell;
  const kafka = openKafka({
    brokers: config.KAFKA_BROKERS,
    clientId: name,
    topicPrefix: config.TOPIC_PREFIX,
    sessionTimeoutMs: config.KAFKA_SESSION_TIMEOUT_MS,
    onEvent: observeKafka({ logger, metrics }),
  });
  onClose('kafka', () => kafka.close());
  health.check('kafka', (signal) => kafka.ping(signal), { critical: false });
  return kafka;
}

/** Starts a process's consumers. A consumer that has stopped polling fails the liveness probe. */
export async function startConsumers(
  { health }: Pick<Shell, 'health'>,
  starting: readonly Promise<Consumer>[],
): Promise<void> {
  const consumers = await Promise.all(starting);
  health.alive('consumers', () => consumers.every((consumer) => consumer.healthy()));
}
