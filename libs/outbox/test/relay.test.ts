import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { decodeEvent } from '@homeroom/contracts';
import { append, createRelay } from '@homeroom/outbox';
import { openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, startFaultProxy, waitFor, type TestDatabase } from '@homeroom/testing';
import type { RelayEvent, RelayOptions } from '../src/relay.ts';
import { changed, coopId } from './families.ts';
import { memoryProducer, type MemoryProducer } from './memory-producer.ts';
import { schema } from './schema.ts';

let opened: TestDatabase;
let database: Database;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [schema] });
  database = openDatabase({
    primaryUrl: opened.url,
    replicaUrls: [],
    poolSize: 10,
    replicaPoolSize: 1,
    applicationName: 'relay-test',
  });
});
afterAll(async () => {
  await database.close();
  await opened.drop();
});

let producer: MemoryProducer;
let stops: (() => Promise<void>)[];
beforeEach(async () => {
  producer = memoryProducer();
  stops = [];
  await database.query({ name: 'truncate', text: 'truncate outbox' });
});
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()));
});

interface Running {
  readonly events: RelayEvent[];
  stop(): Promise<void>;
}
function start(options: Partial<RelayOptions> = {}): Running {
  const events: RelayEvent[] = [];
  const ending = new AbortController();
  const relay = createRelay({
    url: opened.url,
    producer,
    lockName: 'families',
    lockPollMs: 20,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const done = relay.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await done;
  };
  stops.push(stop);
  return { events, stop };
}

const write = (key: string, ...versions: number[]): Promise<void> =>
  database.ofCoop(coopId).transaction((trx) => append(trx, ...versions.map((version) => changed(key, version))));
const left = async (): Promise<number> =>
  (await database.query({ name: 'left', text: 'select 1 from outbox' })).rowCount;
const versions = (key: string, of = producer): unknown[] =>
  of.sent
    .filter((message) => message.key === key)
    .map(
      (message) =>
        (
          decodeEvent({ headers: message.headers as Record<string, string>, value: message.value })!.data as {
            version: number;
          }
        ).version,
    );
const drained = (): Promise<boolean> => waitFor('an empty outbox', async () => (await left()) === 0);
const leading = ({ events }: Running): Promise<boolean> =>
  waitFor('the relay to lead', () => events.some(({ type }) => type === 'leading'));

test('publishes what is committed, as it was written, then deletes it', async () => {
  start();
  await write('a', 1, 2);
  await drained();
  expect(versions('a')).toEqual([1, 2]);
  expect(producer.sent[0]).toMatchObject({
    topic: 'homeroom.family.v1',
    key: 'a',
    headers: { ce_type: 'homeroom.family.changed.v1', 'content-type': 'application/json' },
  });
});

test('publishes nothing of a transaction that rolled back', async () => {
  start();
  await expect(
    database.ofCoop(coopId).transaction(async (trx) => {
      await append(trx, changed('rolled-back', 1));
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await write('committed', 1);
  await drained();
  expect(producer.sent.map(({ key }) => key)).toEqual(['committed']);
});

test('a row committed after a later one was published is published too', async () => {
  start();
  await database.ofCoop(coopId).transaction(async (trx) => {
    await append(trx, changed('slow', 1));
    await write('fast', 1);
    await waitFor('the later row to go first', () => versions('fast').length === 1);
    expect(versions('slow')).toEqual([]);
  });
  await drained();
  expect(versions('slow')).toEqual([1]);
});

test('publishes the rows of every co-op, each event with its own', async () => {
  const coops = [coopId, '0199f2a0-0000-7000-8000-00000000000b'];
  for (const of of coops) await database.ofCoop(of).transaction((trx) => append(trx, changed('a', 1)));
  start();
  await drained();
  expect(producer.sent.map(({ headers }) => headers['ce_coopid'])).toEqual(coops);
});

test('keeps order per key over many small batches and concurrent writers', async () => {
  const keys = Array.from({ length: 10 }, (_, i) => `k${i}`);
  start({ batchSize: 7 });
  await Promise.all(
    keys.map(async (key) => {
      for (let version = 1; version <= 20; version++) await write(key, version);
    }),
  );
  await drained();
  for (const key of keys) expect(versions(key)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
});

test('of two relays one works; the other takes over when it stops', async () => {
  const first = start();
  await leading(first);
  const second = start();
  await waitFor('the second to wait', () => second.events.some(({ type }) => type === 'following'));
  await write('a', 1);
  await drained();
  expect(second.events).toEqual([{ type: 'following' }]);
  await first.stop();
  await leading(second);
  await write('a', 2);
  await drained();
  expect(versions('a')).toEqual([1, 2]);
});

test('a relay that loses its connection gives way: the other takes over, nothing is lost', async () => {
  const { hostname: host, port } = new URL(opened.url);
  const proxy = await startFaultProxy({ target: { host, port: Number(port) } });
  stops.push(() => proxy.close());
  const first = start({ url: proxy.through(opened.url) });
  await leading(first);
  const second = start();
  await waitFor('the second to wait', () => second.events.some(({ type }) => type === 'following'));
  proxy.refuse();
  await write('a', 1);
  await leading(second);
  await drained();
  expect(versions('a')).toEqual([1]);
  await waitFor('the first to notice', () => first.events.some(({ type }) => type === 'connection-lost'));
  await first.stop();
});

test('while the broker is down rows stay, in order; afterwards all of them go', async () => {
  const { events } = start();
  producer.failure = new Error('the broker is down');
  await write('a', 1);
  await write('a', 2);
  await waitFor('two attempts', () => events.filter(({ type }) => type === 'publish-failed').length >= 2);
  expect(await left()).toBe(2);
  producer.failure = undefined;
  await drained();
  expect(versions('a')).toEqual([1, 2]);
});

test('a batch whose acknowledgement was lost is sent again: twice on the wire, never less than once', async () => {
  let cut = true;
  const { send } = producer;
  producer.send = async (messages) => {
    await send.call(producer, messages);
    if (cut) {
      cut = false;
      throw new Error('stored, but the answer was lost');
    }
  };
  start();
  await write('a', 1);
  await drained();
  expect(versions('a')).toEqual([1, 1]);
});

test('stopping finishes the batch in hand', async () => {
  const { promise: acknowledged, resolve: acknowledge } = Promise.withResolvers<undefined>();
  const { send } = producer;
  producer.send = async (messages) => {
    await send.call(producer, messages);
    await acknowledged;
  };
  const relay = start();
  await write('a', 1);
  await waitFor('the batch to be sent', () => producer.sent.length === 1);
  const stopped = relay.stop();
  acknowledge(undefined);
  await stopped;
  expect(await left()).toBe(0);
});

test('relays of different names do not wait for each other', async () => {
  const [families, others] = [start(), start({ lockName: 'others', producer: memoryProducer() })];
  await Promise.all([leading(families), leading(others)]);
});

test('reports how much it published and how old it was', async () => {
  await write('a', 1, 2, 3);
  const { events } = start();
  await drained();
  const published = await waitFor('the report', () => events.find((event) => event.type === 'published'));
  expect(published).toMatchObject({ count: 3 });
  expect(published.ageMs).toBeGreaterThanOrEqual(0);
});

test('a message that the broker refuses holds up its own key only', async () => {
  const { send } = producer;
  const refusal = Object.assign(new Error('the message is too large'), { name: 'KafkaRefusedError' });
  producer.send = async (messages) => {
    if (messages.some(({ key }) => key === 'huge')) throw refusal;
    await send.call(producer, messages);
  };
  await write('a', 1);
  await write('huge', 1, 2);
  await write('b', 1);
  const { events } = start({ batchSize: 4 });
  await waitFor('the others to go', async () => (await left()) === 2);
  await write('huge', 3);
  await write('a', 2);
  await waitFor('what comes later to go', async () => (await left()) === 3);
  expect([versions('a'), versions('b'), versions('huge')]).toEqual([[1, 2], [1], []]);
  expect(events.filter(({ type }) => type === 'refused')).toEqual([
    { type: 'refused', key: 'huge', error: refusal, holdMs: 30_000 },
  ]);
});

test('a broker that refuses everything is an outage, not thousands of single refusals', async () => {
  let sends = 0;
  producer.send = async () => {
    sends++;
    throw Object.assign(new Error('no such topic'), { name: 'KafkaRefusedError' });
  };
  for (const key of ['a', 'b', 'c', 'd', 'e']) await write(key, 1);
  const relay = start();
  await waitFor('the failure', () => relay.events.some(({ type }) => type === 'publish-failed'));
  await relay.stop();
  // another round may have begun meanwhile: the first pause is anything up to 100 ms
  const rounds = relay.events.filter(({ type }) => type === 'publish-failed').length;
  expect(sends / rounds).toBeLessThanOrEqual(8);
  expect(await left()).toBe(5);
});
