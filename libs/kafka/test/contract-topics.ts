import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { testKafkaBrokers, waitFor } from '@homeroom/testing';
import kafkajs from 'kafkajs';
import { faultyBroker, message, testKafka, topic, type OpenKafka } from './harness.ts';

/** What the broker has for them, asked with a client of its own. */
async function cleanupPolicies(topics: readonly string[]): Promise<(string | undefined)[]> {
  const admin = new kafkajs.Kafka({ brokers: testKafkaBrokers(), logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    const resources = topics.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['cleanup.policy'],
    }));
    const answer = await admin.describeConfigs({ resources, includeSynonyms: false });
    const policies = new Map(answer.resources.map((it) => [it.resourceName, it.configEntries[0]?.configValue]));
    return topics.map((name) => policies.get(name));
  } finally {
    await admin.disconnect();
  }
}

export function topicContract(open: OpenKafka): void {
  describe('topics', () => {
    let it: Awaited<ReturnType<typeof testKafka>>;
    beforeEach(async () => {
      it = await testKafka(open);
    });
    afterEach(async () => {
      await it.close();
    });

    test('are created with their partitions, and left alone when they are there', async () => {
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
      await it.send(message('kept'));
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
      expect((await it.read(topic, 1)).map(({ headers }) => headers['ce_id'])).toEqual(['kept']);
      const { consumer } = await it.consume();
      await waitFor('all partitions', () => it.of('joined').some(({ partitions }) => partitions[topic]?.length === 3));
      await consumer.stop();
    });

    test('keep every message for a while, or of each key the last one forever', async () => {
      await it.kafka.ensureTopics([
        { topic, partitions: 1 },
        { topic: 'of-snapshots', partitions: 1, compacted: true },
      ]);
      const names = [topic, 'of-snapshots'].map((name) => `${it.options.topicPrefix ?? ''}${name}`);
      expect(await cleanupPolicies(names)).toEqual(['delete', 'compact']);
    });

    test('may be created by several processes at once', async () => {
      const others = await Promise.all([1, 2, 3, 4].map(async () => testKafka(open, it.options)));
      // so many that brokers do not know the last ones yet when they are asked about them
      const many = Array.from({ length: 24 }, (_, n) => ({ topic: `other-${n}`, partitions: 6 }));
      await Promise.all([it, ...others].map(({ kafka }) => kafka.ensureTopics([{ topic, partitions: 2 }, ...many])));
      await it.send(message('1'));
      for (const other of others) await other.close();
    });

    test('that can never be are refused with the reason', async () => {
      await expect(it.kafka.ensureTopics([{ topic: 'no spaces allowed', partitions: 1 }])).rejects.toMatchObject({
        name: 'KafkaRefusedError',
        code: 'INVALID_TOPIC_EXCEPTION',
      });
    });

    test('ping answers, and rejects within 3 s when the broker does not', async () => {
      await it.kafka.ping();
      const { proxy, options } = await faultyBroker();
      const behind = await testKafka(open, options);
      await behind.kafka.ping();
      proxy.hang();
      const startedAt = performance.now();
      await expect(behind.kafka.ping()).rejects.toMatchObject({ name: 'KafkaUnavailableError' });
      expect(performance.now() - startedAt).toBeLessThan(4000);
      await behind.close();
      await proxy.close();
    });
  });
}
