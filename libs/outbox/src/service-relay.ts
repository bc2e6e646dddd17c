import { isCompacted } from '@homeroom/contracts';
import type { Kafka } from '@homeroom/kafka';
import type { Shell } from '@homeroom/telemetry';
import { observeRelay } from './observe-relay.ts';
import { createRelay } from './relay.ts';

type RelayShell = Pick<Shell<{ readonly DATABASE_URL: string }>, 'service' | 'config' | 'logger' | 'metrics' | 'run'>;

/** As many as a topic's consumers can share. */
const partitions = 6;

/** Runs a service's relay until shutdown, logged and measured. Creates `topics` first, where they are missing. */
export async function runRelay(
  { service, config, logger, metrics, run }: RelayShell,
  { kafka, topics }: { kafka: Kafka; topics: readonly string[] },
): Promise<void> {
  const relay = createRelay({
    url: config.DATABASE_URL,
    producer: await kafka.producer(),
    lockName: service,
    onEvent: observeRelay({ logger, metrics }),
  });
  run('relay', async (signal) => {
    await kafka.ensureTopics(
      topics.map((topic) => ({ topic, partitions, compacted: isCompacted(topic) })),
      { signal },
    );
    await relay.run(signal);
  });
}
