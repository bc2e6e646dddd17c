import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '@homeroom/contracts';
import type { OutgoingMessage } from '@homeroom/kafka';
import { waitFor } from '@homeroom/testing';
import { deadLetters, ids, message, testKafka, topic, type OpenKafka } from './harness.ts';

const type = 'homeroom.family.registered.v1';

const without = (name: string, of: OutgoingMessage): OutgoingMessage => ({
  ...of,
  headers: Object.fromEntries(Object.entries(of.headers).filter(([header]) => header !== name)),
});
const withHeader = (name: string, value: string, of: OutgoingMessage): OutgoingMessage => ({
  ...of,
  headers: { ...of.headers, [name]: value },
});

/** Messages that can never be read, by kind. */
const unreadable: Record<string, (of: OutgoingMessage) => OutgoingMessage> = {
  'not JSON': (of) => ({ ...of, value: Buffer.from('{"familyId":') }),
  'bytes of nothing': (of) => ({ ...of, value: Buffer.from([0, 255, 254, 128, 10, 13]) }),
  'no data': (of) => ({ ...of, value: null }),
  'no headers': (of) => ({ ...of, headers: {} }),
  'no type': (of) => without('ce_type', of),
  'a type that is a trap': (of) => withHeader('ce_type', '', of),
  'another schema': (of) => ({ ...of, value: Buffer.from('{"familyId":7}') }),
  'a co-op that is none': (of) => withHeader('ce_coopid', 'willow-creek', of),
  'no time': (of) => withHeader('ce_time', 'yesterday', of),
};

/** What a handler may throw, by kind; the first three are what kafkajs stops for. */
const thrown: Record<string, () => unknown> = {
  TypeError: () => new TypeError('x is not a function'),
  RangeError: () => new RangeError('Maximum call stack size exceeded'),
  SyntaxError: () => new SyntaxError('Unexpected token'),
  Error: () => new Error('no such family'),
  nothing: () => undefined,
  null: () => null,
  'an object': () => Object.create(null) as unknown,
  'what the client itself throws': () =>
    Object.assign(new Error('rebalancing'), {
      name: 'KafkaJSProtocolError',
      type: 'REBALANCE_IN_PROGRESS',
      retriable: false,
    }),
};

export function poisonContract(open: OpenKafka): void {
  describe('poison', () => {
    let it: Awaited<ReturnType<typeof testKafka>>;
    beforeEach(async () => {
      it = await testKafka(open);
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
    });
    afterEach(async () => {
      await it.close();
    });

    test('of seventeen kinds among good messages stops nothing and lies in the dead letters, byte for byte', async () => {
      const poison = Object.entries(unreadable).map(([kind, make]) => make(message(kind, `key of ${kind}`)));
      const unhandled = Object.keys(thrown).map((kind) => message(kind, `key of ${kind}`));
      const good = ids(200).map((id) => message(id, `family-${Number(id) % 7}`));
      const all = good.flatMap((of, n) => [of, ...[...poison, ...unhandled].slice(n / 8, n % 8 === 0 ? n / 8 + 1 : 0)]);
      expect(all).toHaveLength(217);
      const handled: string[] = [];
      const { consumer } = await it.consume({
        handlers: {
          [type]: async ({ id }: DomainEvent) => {
            const fault = thrown[id];
            if (fault) throw fault();
            handled.push(id);
          },
        },
      });
      await it.send(...all);
      await waitFor('every good message', () => handled.length === 200);
      const letters = await it.read(deadLetters, 17);
      expect(letters).toHaveLength(17);
      for (const of of [...poison, ...unhandled]) {
        const letter = letters.find(({ key }) => key?.toString() === of.key);
        expect(letter?.value).toEqual(of.value);
        expect(letter?.headers).toMatchObject({ ...of.headers, dlq_group: 'group', dlq_topic: topic });
        expect(letter?.headers['dlq_reason']).not.toBe('');
      }
      for (const key of ids(7, 'family-')) {
        const order = handled.map(Number).filter((n) => `family-${n % 7}` === key);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
      expect(consumer.healthy()).toBe(true);
      expect(it.of('restarting')).toEqual([]);

      await consumer.stop();
      await it.send(message('after all that'));
      const next = await it.consume();
      await waitFor('the next message', () => next.handled.length > 0);
      expect(next.handled).toEqual(['after all that']);
    });

    test('that cannot be read is not tried twice; what a handler throws for is, as often as asked', async () => {
      await it.send({ ...message('unreadable'), value: null }, message('unhandled'));
      await it.consume({
        retry: { attempts: 4, baseMs: 1, maxMs: 2 },
        handlers: { [type]: async () => Promise.reject(new Error('no')) },
      });
      await waitFor('both dead letters', () => it.of('dead-lettered').length === 2);
      expect(it.of('dead-lettered').map(({ attempts }) => attempts)).toEqual([1, 4]);
      expect(it.of('retrying').map(({ attempt, transient }) => [attempt, transient])).toEqual(
        [1, 2, 3].map((n) => [n, false]),
      );
      for (const { delayMs } of it.of('retrying')) expect(delayMs).toBeLessThanOrEqual(2);
    });

    test('carries its story, and can be published again as it was', async () => {
      await it.send({ ...message('1', 'family-9'), headers: { ...message('1').headers, traceparent: '00-ab-cd-00' } });
      await it.consume({ handlers: { [type]: async () => Promise.reject(new TypeError('a bug, line\nbroken')) } });
      const [found] = await it.read(deadLetters, 1);
      if (found === undefined) throw new Error('no dead letter was read');
      const { key, value, headers, rawHeaders } = found;
      expect(headers).toMatchObject({
        dlq_reason: 'TypeError: a bug, line broken',
        dlq_group: 'group',
        dlq_topic: topic,
        dlq_offset: '0',
        dlq_attempts: '2',
      });
      expect(Number(headers['dlq_partition'])).toBeGreaterThanOrEqual(0);
      expect(Math.abs(Date.now() - Date.parse(String(headers['dlq_time'])))).toBeLessThan(60_000);
      const original = Object.entries(rawHeaders).filter(([name]) => !name.startsWith('dlq_'));
      await it.send({ topic, key, value, headers: Object.fromEntries(original) });
      const { handled } = await it.consume({ group: 'fixed' });
      await waitFor('the replay', () => handled.length === 2);
      expect(handled).toEqual(['1', '1']);
    });

    test('an error that has nothing to do with the message is retried forever, and is no dead letter', async () => {
      let down = true;
      let tries = 0;
      const handled: string[] = [];
      await it.send(message('1'), message('2'));
      await it.consume({
        isTransient: (error) => String(error).includes('database'),
        handlers: {
          [type]: async ({ id }: DomainEvent) => {
            tries += 1;
            if (down) throw new Error('the database is down');
            handled.push(id);
          },
        },
      });
      await waitFor('many more tries than a dead letter needs', () => tries > 20);
      down = false;
      await waitFor('both', () => handled.length === 2);
      expect(handled).toEqual(['1', '2']);
      expect(it.of('dead-lettered')).toEqual([]);
    });

    test('a handler that never ends is ended, and counts as failed', async () => {
      let aborted = 0;
      await it.send(message('hangs'), message('next'));
      const handled: string[] = [];
      await it.consume({
        handlerTimeoutMs: 50,
        handlers: {
          [type]: async ({ id }: DomainEvent, { signal }) => {
            if (id === 'hangs') await new Promise(() => signal.addEventListener('abort', () => (aborted += 1)));
            handled.push(id);
          },
        },
      });
      await waitFor('the next message', () => handled.length === 1);
      expect(aborted).toBe(2);
      expect(it.of('dead-lettered').map(({ reason }) => reason)).toEqual(['Error: the handler took longer than 50 ms']);
    });

    test('whose error cannot be judged counts as the message’s own fault', async () => {
      await it.send(message('1'));
      await it.consume({
        isTransient: () => {
          throw new TypeError('cannot judge');
        },
        handlers: { [type]: async () => Promise.reject(new Error('no')) },
      });
      await waitFor('the dead letter', () => it.of('dead-lettered').length === 1);
    });

    test('as large as a message may be still fits among the dead letters', async () => {
      const value = Buffer.alloc(1_040_000, 'x');
      await it.send({ ...message('large'), value });
      await it.consume();
      const [letter] = await it.read(deadLetters, 1);
      expect(letter?.value?.equals(value)).toBe(true);
    });
  });
}
