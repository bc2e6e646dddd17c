import { fullJitter, joinSignals, pause, within } from '@homeroom/resilience';
import type { Admin } from 'kafkajs';
import { connect, type Connection } from './connection.ts';
import { brokerCode, KafkaRefusedError, KafkaUnavailableError, translate } from './errors.ts';
import type { KafkaOptions, TopicSpec } from './types.ts';

const idleMs = 10_000;
const answerMs = 3000;
/** Room for the dead letter's own headers beside an original of the largest size that brokers take by default. */
const deadLetterMaxBytes = 1_048_588 + 65_536;

/** Kafka's value for as many replicas as `default.replication.factor` says. */
const brokersOwn = -1;

/** What a broker answers about a topic that was created a moment ago, before the metadata has reached it. */
const notKnownYet = 'UNKNOWN_TOPIC_OR_PARTITION';

/** Requests to the cluster as a whole, over one connection that closes when idle. */
export function openAdmin(options: KafkaOptions, closing: AbortSignal) {
  const { topicPrefix = '', onEvent } = options;
  let live: { connection: Connection; admin: Admin; connected: Promise<void> } | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asking = 0;

  const give = (): void => {
    live?.connection.destroy();
    live = undefined;
  };

  const ask = async <T>(what: string, question: (admin: Admin) => Promise<T>): Promise<T> => {
    clearTimeout(idle);
    asking += 1;
    try {
      if (live === undefined) {
        const connection = connect(options, { retries: 1 });
        const admin = connection.client.admin();
        live = { connection, admin, connected: admin.connect() };
      }
      const { admin, connected } = live;
      return await within(
        answerMs,
        connected.then(async () => question(admin)),
        () => new KafkaUnavailableError(`${what}: no answer within ${answerMs} ms`),
      );
    } catch (error) {
      give();
      throw translate(error, what);
    } finally {
      asking -= 1;
      if (asking === 0) idle = setTimeout(give, idleMs).unref();
    }
  };

  const createMissing = async (topics: readonly TopicSpec[]): Promise<void> => {
    const there = new Set(await ask('listing topics', async (admin) => admin.listTopics()));
    const missing = topics
      .map((spec) => ({ ...spec, topic: topicPrefix + spec.topic }))
      .filter(({ topic }) => !there.has(topic));
    if (missing.length === 0) return;
    await ask('creating topics', async (admin) => {
      await admin
        .createTopics({
          timeout: answerMs,
          topics: missing.map(({ topic, partitions, replicas = brokersOwn }) => ({
            topic,
            numPartitions: partitions,
            replicationFactor: replicas,
            ...(topic.endsWith('.dlq') && {
              configEntries: [{ name: 'max.message.bytes', value: String(deadLetterMaxBytes) }],
            }),
          })),
        })
        .catch((error: unknown) => {
          // another process was quicker: the next pass creates the rest
          if (brokerCode(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
        });
    });
    await createMissing(topics);
  };

  return {
    ping: async (signal?: AbortSignal): Promise<void> => {
      signal?.throwIfAborted();
      await ask('ping', async (admin) => admin.describeCluster());
    },

    ensureTopics: async (topics: readonly TopicSpec[], { signal }: { signal?: AbortSignal } = {}): Promise<void> => {
      using joined = joinSignals(closing, ...(signal === undefined ? [] : [signal]));
      const ended = joined.signal;
      for (let attempt = 1; ; attempt += 1) {
        ended.throwIfAborted();
        try {
          await createMissing(topics);
          return;
        } catch (error) {
          if (error instanceof KafkaRefusedError && error.code !== notKnownYet) throw error;
          const delayMs = fullJitter(attempt, { baseMs: 100, maxMs: 2000 });
          onEvent?.({ kind: 'waiting-for-broker', what: 'topics', attempt, delayMs, error });
          await pause(delayMs, ended);
        }
      }
    },

    close: (): void => {
      clearTimeout(idle);
      give();
    },
  };
}
