import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { faultyBroker, ids, message, testKafka, topic, type OpenKafka } from './harness.ts';

export function producerContract(open: OpenKafka): void {
  describe('the producer', () => {
    let it: Awaited<ReturnType<typeof testKafka>>;
    beforeEach(async () => {
      it = await testKafka(open);
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
    });
    afterEach(async () => {
      await it.close();
    });

    test('keeps the order per key, over many calls that overlap', async () => {
      const keys = ids(7, 'family-');
      await Promise.all(ids(20).map(async (n) => it.send(...keys.map((key) => message(`${key}/${n}`, key)))));
      const found = (await it.read(topic, 140)).map(({ headers }) => headers['ce_id'] ?? '');
      expect(found).toHaveLength(140);
      for (const key of keys) {
        expect(found.filter((id) => id.startsWith(`${key}/`))).toEqual(ids(20).map((n) => `${key}/${n}`));
      }
    });

    test('carries bytes unchanged: key, value, headers, and the absence of each', async () => {
      const odd = Buffer.from([0, 255, 254, 10, 13]);
      await it.send(
        { topic, key: odd, value: odd, headers: { raw: odd, text: 'é🎒' } },
        { topic, key: null, value: null, headers: {} },
      );
      const found = await it.read(topic, 2);
      const [full, empty] = [found.find(({ key }) => key !== null), found.find(({ key }) => key === null)];
      expect(full).toMatchObject({ key: odd, value: odd, rawHeaders: { raw: odd }, headers: { text: 'é🎒' } });
      expect(empty).toMatchObject({ key: null, value: null, headers: {} });
    });

    test('splits what is too much for one request', async () => {
      const value = Buffer.alloc(300_000, 'x');
      await it.send(...ids(10).map((id) => ({ ...message(id), value })));
      expect(await it.read(topic, 10)).toHaveLength(10);
    });

    test('says why it is refused, and works on', async () => {
      await expect(it.send({ ...message('1'), topic: 'nowhere' })).rejects.toMatchObject({
        name: 'KafkaRefusedError',
        code: 'UNKNOWN_TOPIC_OR_PARTITION',
      });
      await expect(it.send({ ...message('2'), value: Buffer.alloc(2_000_000) })).rejects.toMatchObject({
        name: 'KafkaRefusedError',
        code: 'MESSAGE_TOO_LARGE',
      });
      await it.send(message('3'));
      expect((await it.read(topic, 1)).map(({ headers }) => headers['ce_id'])).toEqual(['3']);
    });

    test('a refusal of one caller’s messages is not another’s', async () => {
      const results = await Promise.allSettled([
        it.send(message('first')),
        it.send({ ...message('large'), value: Buffer.alloc(2_000_000) }),
        it.send(message('last')),
      ]);
      expect(results[1].status).toBe('rejected');
      const sent = ['first', 'large', 'last'].filter((_, n) => results[n]?.status === 'fulfilled');
      expect((await it.read(topic, sent.length)).map(({ headers }) => headers['ce_id'])).toEqual(sent);
    });

    test.each(['refuse', 'hang'] as const)(
      'rejects in time when the broker is down (%s), and works when it is back',
      async (fault) => {
        const { proxy, options } = await faultyBroker();
        const behind = await testKafka(open, { ...it.options, ...options, sendTimeoutMs: 1000 });
        await behind.send(message('before'));
        proxy[fault]();
        const startedAt = performance.now();
        await expect(behind.send(message('lost'))).rejects.toMatchObject({ name: 'KafkaUnavailableError' });
        expect(performance.now() - startedAt).toBeLessThan(2000);
        proxy.accept();
        proxy.resume();
        await behind.send(message('after'));
        const found = (await it.read(topic, 2)).map(({ headers }) => headers['ce_id']);
        expect(found).toEqual(expect.arrayContaining(['before', 'after']));
        await behind.close();
        await proxy.close();
      },
    );

    test('loses nothing that is sent after an acknowledgement went missing', async () => {
      let deaf = false;
      const [host, port] = (it.options.brokers[0] ?? '').split(':');
      const behind = await testKafka(open, {
        ...it.options,
        sendTimeoutMs: 1000,
        dial: () => {
          const socket = connect(Number(port), host);
          const emit = socket.emit.bind(socket);
          socket.emit = (name: string | symbol, ...args: unknown[]) => (name === 'data' && deaf) || emit(name, ...args);
          return socket;
        },
      });
      await behind.send(message('A'));
      deaf = true;
      await expect(behind.send(message('B'))).rejects.toMatchObject({ name: 'KafkaUnavailableError' });
      deaf = false;
      await behind.send(message('C'));
      const found = (await it.read(topic, 3)).map(({ headers }) => headers['ce_id']);
      expect(found).toEqual(['A', 'B', 'C']);
      await behind.close();
    });

    test('takes nothing any more when it has been closed', async () => {
      await it.kafka.close();
      await expect(it.send(message('late'))).rejects.toThrow('closed');
    });
  });
}
