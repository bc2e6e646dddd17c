import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';
import { faultyBroker, message, testKafka, topic, type OpenKafka } from './harness.ts';

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
