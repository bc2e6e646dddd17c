import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '@homeroom/contracts';
import { waitFor, type FaultProxy } from '@homeroom/testing';
import { deadLetters, faultyBroker, ids, message, testKafka, topic, type OpenKafka } from './harness.ts';

const type = 'homeroom.family.registered.v1';

export function faultContract(open: OpenKafka): void {
  describe('when the broker goes down', () => {
    let it: Awaited<ReturnType<typeof testKafka>>;
    let behind: Awaited<ReturnType<typeof testKafka>>;
    let proxy: FaultProxy;
    beforeEach(async () => {
      it = await testKafka(open);
      const faulty = await faultyBroker();
      proxy = faulty.proxy;
      const quick = { sendTimeoutMs: 1000, requestTimeoutMs: 1500, sessionTimeoutMs: 3000 };
      behind = await testKafka(open, { ...it.options, ...faulty.options, ...quick });
    });
    afterEach(async () => {
      proxy.accept();
      proxy.resume();
      await behind.close();
      await it.close();
      await proxy.close();
    });

    test('a worker that starts without it starts, waits, and works when it comes', async () => {
      proxy.refuse();
      const ensured = behind.kafka.ensureTopics([{ topic, partitions: 3 }]);
      const { consumer, handled } = await behind.consume();
      await waitFor('waiting', () => behind.of('restarting').length > 0 && behind.of('waiting-for-broker').length > 0);
      expect(consumer.healthy()).toBe(true);
      proxy.accept();
      await ensured;
      await it.send(message('1'));
      await waitFor('the event', () => handled.length === 1);
    });

    test.each(['refuse', 'hang'] as const)(
      'a consumer continues afterwards, and nothing is lost (%s)',
      async (fault) => {
        await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
        const { handled } = await behind.consume();
        await it.send(...ids(20).map((id) => message(id, id)));
        await waitFor('the first', () => handled.length >= 20);
        proxy[fault]();
        await it.send(...ids(20, 'meanwhile-').map((id) => message(id, id)));
        await waitFor('the loss to be noticed', () => behind.of('restarting').length > 0, { timeoutMs: 60_000 });
        proxy.accept();
        proxy.resume();
        await waitFor('the rest', () => ids(20, 'meanwhile-').every((id) => handled.includes(id)), {
          timeoutMs: 40_000,
        });
      },
      120_000,
    );

    test('cut connections cost nothing', async () => {
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
      const { handled } = await behind.consume();
      for (let round = 0; round < 5; round += 1) {
        await it.send(...ids(10, `${round}-`).map((id) => message(id, id)));
        proxy.cut();
      }
      await waitFor('all', () => new Set(handled).size === 50, { timeoutMs: 25_000 });
    }, 60_000);

    test.each(['refuse', 'hang'] as const)('stopping takes less than 5 s (%s)', async (fault) => {
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
      const { consumer, handled } = await behind.consume();
      await it.send(message('1'));
      await waitFor('the event', () => handled.length === 1);
      proxy[fault]();
      const startedAt = performance.now();
      await consumer.stop();
      await behind.kafka.close();
      expect(performance.now() - startedAt).toBeLessThan(5000);
    });

    test('stopping a consumer that never reached it takes less than 5 s', async () => {
      proxy.hang();
      const { consumer } = await behind.consume();
      const startedAt = performance.now();
      await consumer.stop();
      expect(performance.now() - startedAt).toBeLessThan(5000);
    });

    test('closing with unacknowledged messages takes less than 5 s, and rejects them', async () => {
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
      const patient = await testKafka(open, { ...behind.options, sendTimeoutMs: 60_000 });
      await patient.send(message('1'));
      proxy.hang();
      const sends = Promise.allSettled(ids(3).map(async (id) => patient.send(message(id))));
      const startedAt = performance.now();
      await patient.close();
      expect(performance.now() - startedAt).toBeLessThan(5000);
      for (const of of await sends) {
        expect(of).toMatchObject({ status: 'rejected', reason: { name: 'KafkaUnavailableError' } });
      }
    });

    test('the offset waits for the dead letter', async () => {
      await it.kafka.ensureTopics([
        { topic, partitions: 1 },
        { topic: deadLetters, partitions: 1 },
      ]);
      const handled: string[] = [];
      await behind.consume({
        retry: { attempts: 1 },
        handlers: {
          [type]: async ({ id }: DomainEvent) => {
            if (id === 'poison') {
              proxy.refuse();
              throw new TypeError('a bug');
            }
            handled.push(id);
          },
        },
      });
      await it.send(message('poison'), message('next'));
      await waitFor(
        'the dead letter to be refused',
        () => [...behind.of('produce-failed'), ...behind.of('waiting-for-broker')].length > 0,
      );
      expect(handled).toEqual([]);
      expect(behind.of('dead-lettered')).toEqual([]);
      proxy.accept();
      // delivered again after the reconnection, it takes the broker down again: at least one round must get through
      await waitFor(
        'the next message',
        () => {
          proxy.accept();
          return handled.includes('next');
        },
        { timeoutMs: 25_000 },
      );
      expect((await it.read(deadLetters, 1)).length).toBeGreaterThanOrEqual(1);
    }, 60_000);
  });

  test('a consumer that can never work reports it and is not healthy', async () => {
    const it = await testKafka(open, { sessionTimeoutMs: 1 }); // less than brokers allow
    await it.kafka.ensureTopics([{ topic, partitions: 1 }]);
    const { consumer } = await it.consume();
    await waitFor('the end', () => it.of('fatal').length === 1);
    expect(consumer.healthy()).toBe(false);
    await it.close();
  });
}
