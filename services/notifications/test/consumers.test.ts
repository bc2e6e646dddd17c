import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeEvent, topics, type DomainEvent } from '@homeroom/contracts';
import { Directory } from '@homeroom/coops';
import { openKafka, type Kafka, type KafkaEvent, type OutgoingMessage, type Producer } from '@homeroom/kafka';
import { createRelay } from '@homeroom/outbox';
import {
  Closing,
  openTestDatabase,
  startFaultProxy,
  testKafkaBrokers,
  testTopicPrefix,
  waitFor,
} from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { consumers, deadLetterConsumer, deadLetterTopics } from '../src/consumers.ts';
import { CoopNotKnownError } from '../src/coops/known-coop.ts';
import { replayDeadLetter } from '../src/dead-letters/replay-dead-letter.ts';
import { findDeadLetter, listDeadLetters, type StoredDeadLetter } from '../src/dead-letters/store.ts';
import { audienceOf } from '../src/notifications/notification.ts';
import { listNotifications } from '../src/notifications/store.ts';
import { openSecondCoop, birch } from './co-ops.ts';
import { aFamily, asMessage, co, type Engines, openEngines } from './harness.ts';

const closing = new Closing();
const topicPrefix = testTopicPrefix();
const stopping = new AbortController();
const happened: KafkaEvent[] = [];
const coops = new Directory([co]);
let harness: Engines;
let kafka: Kafka;
let producer: Producer;
let databaseProxy: { refuse(): void; accept(): void };

beforeAll(async () => {
  harness = closing.add(await openEngines(), (it) => it.close());
  await openSecondCoop(harness);
  const { hostname: host, port } = new URL(harness.testDatabase.url);
  const proxy = closing.add(await startFaultProxy({ target: { host, port: Number(port) } }), (it) => it.close());
  databaseProxy = proxy;
  const throughProxy = { ...harness.testDatabase, url: proxy.through(harness.testDatabase.url) };
  const database = closing.add(openTestDatabase(throughProxy), (it) => it.close());
  kafka = closing.add(openKafka({ brokers: testKafkaBrokers(), clientId: 'test', topicPrefix }), (it) => it.close());
  producer = await kafka.producer();
  const relay = createRelay({ url: harness.testDatabase.url, producer, lockName: 'notifications' });
  const onEvent = (event: KafkaEvent): void => void happened.push(event);
  await kafka.ensureTopics([...Object.values(topics), ...deadLetterTopics].map((topic) => ({ topic, partitions: 6 })));
  const onAdded = async (): Promise<void> => undefined;
  for (const options of consumers({ database, coops, onAdded, onAccountMail: () => undefined }))
    await kafka.consume({ ...options, onEvent });
  await kafka.consumeRaw({ ...deadLetterConsumer({ database }), onEvent });
  const relaying = relay.run(stopping.signal);
  closing.add(stopping, async (it) => {
    it.abort();
    await relaying;
  });
}, 60_000);
afterAll(() => closing.closeAll());

const publish = (...events: DomainEvent[]): Promise<void> =>
  producer.send(events.map((event) => asMessage(event, event.subject)));
const inbox = async (familyId: string, db = harness.db): Promise<string[]> => {
  const query = { audience: audienceOf(familyId), before: undefined, unread: false, limit: 100 };
  return (await listNotifications(db, query)).items.map(({ kind }) => kind).reverse();
};
const allDeadLetters = async (): Promise<StoredDeadLetter[]> => {
  const letters = await listDeadLetters(harness.db, { limit: 100 });
  const whole = await Promise.all(letters.map(({ id }) => findDeadLetter(harness.db, id)));
  return whole.filter((letter) => letter !== undefined);
};
const deadLetterOf = (sent: Buffer | null): Promise<StoredDeadLetter> =>
  waitFor(
    'the dead letter',
    async () => (await allDeadLetters()).find(({ value }) => sent !== null && value?.equals(sent)),
    { timeoutMs: 25_000 },
  );

const headersOf = ({ headers }: StoredDeadLetter): Record<string, string> =>
  Object.fromEntries(headers.map(([name, base64]) => [name, Buffer.from(base64, 'base64').toString()]));

describe('the event path', () => {
  test('an event in the topic becomes one notification, also when it is published three times', async () => {
    const family = aFamily();
    const event = family.registered();
    await publish(event, event, event, family.enrollment('homeroom.enrollment.confirmed.v1'));
    await waitFor('both notifications', async () => (await inbox(family.familyId)).length === 2);
    const after = aFamily();
    await publish({ ...after.registered(), subject: event.subject });
    await waitFor('a later event of the same partition', async () => (await inbox(after.familyId)).length === 1);
    expect((await inbox(family.familyId)).filter((kind) => kind === 'welcome')).toHaveLength(1);
  });

  test('while the database is unavailable, events wait; none becomes a dead letter', async () => {
    const family = aFamily();
    databaseProxy.refuse();
    try {
      await publish(family.registered());
      await waitFor(
        'tries that failed',
        () => happened.filter((event) => event.kind === 'retrying' && event.transient).length >= 6,
      );
    } finally {
      databaseProxy.accept();
    }
    await waitFor('the notification', async () => (await inbox(family.familyId)).length === 1, { timeoutMs: 25_000 });
    expect(happened.filter(({ kind }) => kind === 'dead-lettered')).toEqual([]);
  });
});

describe('an event of a co-op', () => {
  test('waits while the directory does not have the co-op, and is then handled there', async () => {
    const family = aFamily();
    const { coopId } = birch;
    await publish({ ...family.enrollment('homeroom.enrollment.confirmed.v1'), coopId });
    const waits = (): KafkaEvent[] =>
      happened.filter(
        (event) => event.kind === 'retrying' && event.transient && event.error instanceof CoopNotKnownError,
      );
    await waitFor('tries', () => waits().length >= 3);
    coops.put(birch);
    const db = harness.database.ofCoop(coopId);
    await waitFor('the notification', async () => (await inbox(family.familyId, db)).length === 1);
    expect(await inbox(family.familyId)).toEqual([]);
    expect(happened.filter(({ kind }) => kind === 'dead-lettered')).toEqual([]);
  }, 30_000);

  test('that names none belongs to the first co-op', async () => {
    const family = aFamily();
    const sent = asMessage(family.enrollment('homeroom.enrollment.confirmed.v1'), family.familyId);
    const { ce_coopid: _, ...headers } = sent.headers;
    await producer.send([{ ...sent, headers }]);
    await waitFor('the notification', async () => (await inbox(family.familyId)).length === 1);
  });
});

describe('a poison message', () => {
  test('goes to the dead letters byte for byte while its followers are handled; replayed too early, it comes back the same', async () => {
    const [poison, follower] = [aFamily(), aFamily()];
    const subject = randomUUID();
    const bad = { ...poison.enrollment('homeroom.enrollment.confirmed.v1'), subject };
    // a class that no calendar can show, until a newer Node knows the zone
    const value = encodeEvent({
      ...bad,
      data: { ...bad.data, class: { ...bad.data.class, timeZone: 'Mars/Olympus' } },
    }).value;
    const message: OutgoingMessage = { ...asMessage(bad, subject), value };
    await producer.send([
      message,
      asMessage({ ...follower.enrollment('homeroom.enrollment.confirmed.v1'), subject }, subject),
    ]);
    await waitFor('the follower', async () => (await inbox(follower.familyId)).length === 1, { timeoutMs: 25_000 });

    const letter = await deadLetterOf(value);
    expect(letter).toMatchObject({
      topic: 'homeroom.enrollment.v1',
      consumerGroup: 'notifications',
      eventType: 'homeroom.enrollment.confirmed.v1',
      eventId: bad.id,
      obstacle: null,
    });
    expect(letter.reason).toContain('time zone');
    expect(letter.key?.toString()).toBe(subject);
    expect(headersOf(letter)).toEqual(message.headers);
    expect(await inbox(poison.familyId)).toEqual([]);

    // replayed while nothing has changed, it comes back as another dead letter
    await replayDeadLetter(harness.db, letter.id, 'the test');
    expect(await replayDeadLetter(harness.db, letter.id, 'the test')).toMatchObject({
      kind: 'refused',
      code: 'dead_letter_replayed',
    });
    const again = await waitFor(
      'the second dead letter',
      async () => {
        const letters = await allDeadLetters();
        return letters.find(({ eventId, id }) => eventId === bad.id && id !== letter.id);
      },
      { timeoutMs: 25_000 },
    );
    expect(again.value?.equals(value)).toBe(true);
    expect(headersOf(again)).toEqual(message.headers);
    expect(await findDeadLetter(harness.db, letter.id)).toMatchObject({ replayedBy: 'the test' });
  }, 60_000);

  test('replayed after its cause is fixed, it is handled once, and never again', async () => {
    const family = aFamily();
    const event = family.enrollment('homeroom.enrollment.confirmed.v1');
    const { value, headers } = asMessage(event, family.familyId);
    // failed for a reason that no longer holds: the message itself is good
    await producer.send([
      {
        topic: 'homeroom.enrollment.v1.dlq',
        key: family.familyId,
        headers: { ...headers, dlq_reason: 'a bug that is fixed', dlq_group: 'notifications' },
        value,
      },
    ]);
    const letter = await deadLetterOf(value);
    await replayDeadLetter(harness.db, letter.id, 'the test');
    await waitFor('the notification', async () => (await inbox(family.familyId)).length === 1);
    await publish({ ...event, subject: family.familyId });
    const after = aFamily();
    await publish({ ...after.enrollment('homeroom.enrollment.confirmed.v1'), subject: family.familyId });
    await waitFor('a later event of the same partition', async () => (await inbox(after.familyId)).length === 1);
    expect(await inbox(family.familyId)).toEqual(['confirmed']);
  });

  test.each<[string, Partial<OutgoingMessage>, string | null]>([
    ['no JSON', { value: Buffer.from('{"no json') }, null],
    ['no headers', { headers: {}, value: Buffer.from('no headers') }, null],
    ['bytes that are not text', { value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) }, null],
    ['no key', { key: null, value: Buffer.from('no key') }, 'its key is not text'],
    [
      'a key that is not text',
      { key: Buffer.from([0xff, 0x00]), value: Buffer.from('odd key') },
      'its key is not text',
    ],
    [
      'a header that is not text',
      { headers: { ce_id: Buffer.from([0xc3, 0x28]), 'x\u0000y': 'z' }, value: Buffer.from('odd header') },
      'is not text',
    ],
    ['a schema that it does not fit', { value: Buffer.from('{"familyId":1}') }, null],
  ])(
    'with %s is stored whole',
    async (_what, message, obstacle) => {
      const good = asMessage(aFamily().registered(), randomUUID());
      const sent = { ...good, ...message };
      await producer.send([sent]);
      const letter = await deadLetterOf(sent.value);
      if (obstacle === null) {
        expect(letter.obstacle).toBeNull();
      } else {
        expect(letter.obstacle).toContain(obstacle);
        expect(await replayDeadLetter(harness.db, letter.id, 'the test')).toMatchObject({
          kind: 'refused',
          code: 'dead_letter_not_replayable',
        });
      }
    },
    60_000,
  );
});
