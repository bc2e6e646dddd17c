import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { DomainEvent } from '@homeroom/contracts';
import { waitFor } from '@homeroom/testing';
import { event, ids, message, testKafka, topic, type OpenKafka } from './harness.ts';
import { encodeEvent } from '@homeroom/contracts';

const type = 'homeroom.family.registered.v1';

export function consumerContract(open: OpenKafka): void {
  describe('a consumer', () => {
    let it: Awaited<ReturnType<typeof testKafka>>;
    beforeEach(async () => {
      it = await testKafka(open);
      await it.kafka.ensureTopics([{ topic, partitions: 3 }]);
    });
    afterEach(async () => {
      await it.close();
    });

    test('hands every event to its handler, in order per key, decoded', async () => {
      const seen: DomainEvent[] = [];
      await it.send(...ids(60).map((id) => message(id, `family-${Number(id) % 5}`)));
      await it.consume({ handlers: { [type]: async (of: DomainEvent) => void seen.push(of) } });
      await waitFor('60 events', () => seen.length === 60);
      for (const key of ids(5, 'family-')) {
        const order = seen.filter(({ subject }) => subject === key).map(({ id }) => Number(id));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }
      expect(seen[0]).toMatchObject({ type, source: '/families', data: event('0').data });
      expect(seen[0]?.time).toBeInstanceOf(Date);
    });

    test('skips types that it does not know or has no handler for', async () => {
      const unknown = {
        ...message('new'),
        headers: { ...message('new').headers, ce_type: 'homeroom.family.moved.v9' },
      };
      const unhandled = {
        topic,
        key: 'k',
        ...encodeEvent({ ...event('changed'), type: 'homeroom.family.changed.v1' } as DomainEvent),
      };
      await it.send(unknown, unhandled, message('known'));
      const { handled } = await it.consume();
      await waitFor('all three', () => it.of('consumed').length === 3);
      expect(handled).toEqual(['known']);
      expect(it.of('consumed').map(({ outcome }) => outcome)).toEqual(
        expect.arrayContaining(['skipped', 'skipped', 'handled']),
      );
    });

    test('continues where its group stopped: nothing again, nothing left out', async () => {
      await it.send(...ids(30).map((id) => message(id, id)));
      const first = await it.consume();
      await waitFor('the first 30', () => first.handled.length === 30);
      await first.consumer.stop();
      await it.send(...ids(30, 'next-').map((id) => message(id, id)));
      const second = await it.consume();
      await waitFor('the next 30', () => second.handled.length >= 30);
      expect(second.handled.toSorted()).toEqual(ids(30, 'next-').toSorted());
    });

    test('stopped in the middle, leaves the rest to the next', async () => {
      const { promise: open, resolve } = Promise.withResolvers<undefined>();
      const seen: string[] = [];
      await it.send(...ids(20).map((id) => message(id)));
      const { consumer } = await it.consume({
        handlers: {
          [type]: async ({ id }: DomainEvent) => {
            if (id === '5') await open;
            seen.push(id);
          },
        },
      });
      await waitFor('five', () => seen.length === 5);
      const stopped = consumer.stop();
      resolve(undefined);
      await stopped;
      expect(seen).toEqual(ids(6));
      const next = await it.consume();
      await waitFor('the rest', () => next.handled.length === 14);
      expect(next.handled).toEqual(ids(20).slice(6));
    });

    test('starts at the end when asked to', async () => {
      await it.send(message('old'));
      const { handled } = await it.consume({ fromBeginning: false });
      await waitFor('joining', () => it.of('joined').length === 1);
      await waitFor('something new', async () => {
        await it.send(message('new'));
        return handled.length > 0;
      });
      expect(handled).not.toContain('old');
    });

    test('waits for topics that are not there yet', async () => {
      const { handled } = await it.consume({ topics: ['late'] });
      await waitFor('the wait', () => it.of('waiting-for-topics').length > 0);
      await it.kafka.ensureTopics([{ topic: 'late', partitions: 1 }]);
      await it.send({ ...message('1'), topic: 'late' });
      await waitFor('the event', () => handled.length === 1);
    });

    test('shares the partitions with others of its group, and takes over what they leave', async () => {
      const other = await testKafka(open, it.options);
      const [here, there] = [await it.consume(), await other.consume()];
      const partitions = (of: typeof it): number => of.of('joined').at(-1)?.partitions[topic]?.length ?? 0;
      await waitFor('both to have some', () => partitions(it) > 0 && partitions(it) < 3);
      await it.send(...ids(60).map((id) => message(id, id)));
      await waitFor('all handled', () => new Set([...here.handled, ...there.handled]).size === 60);
      expect(here.handled.length).toBeGreaterThan(0);
      expect(there.handled.length).toBeGreaterThan(0);
      await other.close();
      await waitFor('the rest to be taken over', () => partitions(it) === 3);
      await it.send(...ids(60, 'more-').map((id) => message(id, id)));
      await waitFor('all handled here', () => ids(60, 'more-').every((id) => here.handled.includes(id)));
    });

    test('keeps its partitions while a handler takes longer than the session', async () => {
      const seen: string[] = [];
      const strict = await testKafka(open, { ...it.options, sessionTimeoutMs: 2000 });
      await strict.send(message('slow'), message('next'));
      await strict.consume({
        handlers: {
          [type]: async ({ id }: DomainEvent) => {
            seen.push(id);
            if (id === 'slow') await new Promise((resolve) => setTimeout(resolve, 4000));
          },
        },
      });
      await waitFor('both', () => seen.includes('next'), { timeoutMs: 20_000 });
      expect(seen).toEqual(['slow', 'next']);
      await strict.close();
    });

    test('reports how far behind it is', async () => {
      await it.send(...ids(10).map((id) => message(id)));
      await it.consume();
      await waitFor('lag 0', () => it.of('lag').some(({ lag }) => lag === 0));
    });

    test('is healthy while it works and after it was idle', async () => {
      const { consumer, handled } = await it.consume();
      await it.send(message('1'));
      await waitFor('the event', () => handled.length === 1);
      expect(consumer.healthy()).toBe(true);
    });

    test('reads raw messages as bytes', async () => {
      await it.send({ topic, key: 'k', value: Buffer.from('no event at all'), headers: { x: 'y' } });
      const [found] = await it.read(topic, 1);
      expect(found).toMatchObject({
        topic,
        key: Buffer.from('k'),
        value: Buffer.from('no event at all'),
        headers: { x: 'y' },
      });
      expect(Math.abs(Date.now() - (found?.timestampMs ?? 0))).toBeLessThan(60_000);
    });
  });
}
