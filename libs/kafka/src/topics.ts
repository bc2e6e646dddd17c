import { fullJitter, pause } from '@homeroom/resilience';
import { answerMs, type Admin } from './admin.ts';
import { brokerCode, KafkaRefusedError } from './errors.ts';
import type { KafkaOptions, TopicSpec } from './types.ts';

/** Room for the dead letter's own headers beside an original of the largest size that brokers take by default. */
const deadLetterMaxBytes = 1_048_588 + 65_536;

/** Kafka's value for as many replicas as `default.replication.factor` says. */
const brokersOwn = -1;

/** What a broker answers about a topic that was created a moment ago, before the metadata has reached it. */
const notKnownYet = 'UNKNOWN_TOPIC_OR_PARTITION';

/** Creates the topics that are missing, for as long as it takes: ends only when it has, is refused, or `signal` aborts. */
export async function ensureTopics(
  admin: Admin,
  { topicPrefix = '', onEvent }: KafkaOptions,
  topics: readonly TopicSpec[],
  signal: AbortSignal,
): Promise<void> {
  const wanted = topics.map((spec) => ({ ...spec, topic: topicPrefix + spec.topic }));
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      await createMissing(admin, wanted);
      return;
    } catch (error) {
      if (error instanceof KafkaRefusedError && error.code !== notKnownYet) throw error;
      const delayMs = fullJitter(attempt, { baseMs: 100, maxMs: 2000 });
      onEvent?.({ kind: 'waiting-for-broker', what: 'topics', attempt, delayMs, error });
      await pause(delayMs, signal);
    }
  }
}

async function createMissing(admin: Admin, wanted: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await admin.ask('listing topics', (client) => client.listTopics()));
  const missing = wanted.filter(({ topic }) => !existing.has(topic));
  if (missing.length === 0) return;
  await admin.ask('creating topics', async (client) => {
    await client.createTopics({ timeout: answerMs, topics: missing.map(toTopic) }).catch((error: unknown) => {
      // another process was quicker: the next pass creates the rest
      if (brokerCode(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
    });
  });
  await createMissing(admin, wanted);
}

const toTopic = ({ topic, partitions, compacted = false }: TopicSpec) => ({
  topic,
  numPartitions: partitions,
  replicationFactor: brokersOwn,
  configEntries: [
    ...(topic.endsWith('.dlq') ? [{ name: 'max.message.bytes', value: String(deadLetterMaxBytes) }] : []),
    ...(compacted ? [{ name: 'cleanup.policy', value: 'compact' }] : []),
  ],
});
