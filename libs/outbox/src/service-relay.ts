import type { Kafka } from '@homeroom/kafka';
import type { Logger, Metrics } from '@homeroom/telemetry';
import { observeRelay } from './observe-relay.ts';
import { createRelay } from './relay.ts';

/** What a process gives to its relay. The chassis's `Shell` fits. */
interface RelayShell {
  /** One relay works per service. */
  readonly service: string;
  readonly config: { readonly DATABASE_URL: string };
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly run: (name: string, loop: (signal: AbortSignal) => Promise<unknown>) => void;
}

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
      topics.map((topic) => ({ topic, partitions })),
      { signal },
    );
    await relay.run(signal);
  });
}
