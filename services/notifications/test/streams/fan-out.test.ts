import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Redis } from '@homeroom/redis';
import { Closing, openTestDatabase, openTestRedis, startFaultProxy, waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { receiveEnrollment, receiveFamily } from '../../src/notifications/receive-event.ts';
import type { Added } from '../../src/notifications/store.ts';
import { announce } from '../../src/streams/announce.ts';
import type { FanOutOptions } from '../../src/streams/fan-out.ts';
import { aFamily, co, type Engines, guardianOf, openEngines, someCoordinator } from '../harness.ts';
import { listen as open, startApi as start, type RunningApi } from './listen.ts';
import type { OpenStream } from './read-stream.ts';

const closing = new Closing();
const perTest = new Closing();
let harness: Engines;
let publisher: Redis;
/** Announcements that Redis did not take: tests that count on them would fail for another reason than they say. */
const lost: unknown[] = [];

beforeAll(async () => {
  harness = closing.add(await openEngines(), (it) => it.close());
  publisher = closing.add(await openTestRedis(harness.cacheUrl), (it) => it.quit());
});
afterAll(() => closing.closeAll());
afterEach(async () => {
  await perTest.closeAll();
  expect(lost).toEqual([]);
});

const startApi = (streams: Partial<FanOutOptions> = {}): Promise<RunningApi> => start(harness, perTest, streams);
const listen = (port: number, headers: Record<string, string>): Promise<OpenStream> => open(perTest, port, headers);

/** What a worker does: commit, then announce. */
const announced = async (added: Promise<Added[]>): Promise<Added[]> => {
  const all = await added;
  await announce({ redis: publisher, channel: harness.channel, onError: (error) => lost.push(error) }, all);
  return all;
};
const confirmed = (family: ReturnType<typeof aFamily>, version: number): Promise<Added[]> =>
  receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { version }));
const ids = (stream: OpenStream): unknown[] =>
  stream.events.filter(({ event }) => event === 'notification').map(({ data }) => data['id']);

describe('a stream', () => {
  test('shows what a worker committed, in whichever process it is open, to whom it is for and to nobody else', async () => {
    const [one, two] = [await startApi(), await startApi()];
    const [family, other] = [aFamily(), aFamily()];
    const cookie = await harness.signedIn(guardianOf(family.familyId));
    const streams = [await listen(one.port, cookie), await listen(two.port, cookie)];
    const foreign = await listen(one.port, await harness.signedIn(guardianOf(other.familyId)));
    const desk = await listen(two.port, await harness.signedIn(someCoordinator()));

    const [welcome, notice] = await announced(receiveFamily(harness.db, co, family.registered()));
    for (const stream of streams) await waitFor('the welcome', () => ids(stream).length === 1);
    await waitFor('the notice', () => ids(desk).length > 0);
    expect(streams.map(ids)).toEqual([[welcome?.id], [welcome?.id]]);
    expect(ids(desk)).toContain(notice?.id);
    expect(ids(desk)).not.toContain(welcome?.id);
    // an event of its own comes through after the others' did: so nothing else was on the way
    const [own] = await announced(confirmed(other, 1));
    await waitFor('its own', () => ids(foreign).length > 0);
    expect(ids(foreign)).toEqual([own?.id]);
  });

  test('has the headers that proxies need, and sends the unread count first', async () => {
    const { port } = await startApi();
    const family = aFamily();
    await receiveFamily(harness.db, co, family.registered());
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    expect(stream.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(stream.events[0]).toMatchObject({ event: 'open', data: { unreadCount: 1 } });
    expect(stream.events[0]?.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('goes on after Last-Event-ID, even after that of a start at which nothing had happened', async () => {
    const [one, two] = [await startApi(), await startApi()];
    const family = aFamily();
    const cookie = await harness.signedIn(guardianOf(family.familyId));
    const first = await listen(one.port, cookie);
    const start = first.events[0]?.id ?? '';
    expect(start).toBe('none');
    first.close();
    const added = [];
    for (let version = 1; version <= 120; version++) added.push(...(await confirmed(family, version)));
    const all = added.map(({ id }) => id);

    const resumed = await listen(two.port, { ...cookie, 'last-event-id': start });
    await waitFor('all of them', () => ids(resumed).length === 120);
    expect(ids(resumed)).toEqual(all);
    const later = await listen(two.port, { ...cookie, 'last-event-id': all[99] ?? '' });
    await waitFor('the last twenty', () => ids(later).length === 20);
    expect(ids(later)).toEqual(all.slice(100));
  });

  test.each(['0199f2a0-0000-7000-8000-000000000006', 'rubbish', '-1', '${jndi:ldap://x}'])(
    'with Last-Event-ID %p, which this inbox does not know, begins at the present',
    async (lastEventId) => {
      const { port } = await startApi();
      const family = aFamily();
      await confirmed(family, 1);
      const stream = await listen(port, {
        ...(await harness.signedIn(guardianOf(family.familyId))),
        'last-event-id': lastEventId,
      });
      const [next] = await announced(confirmed(family, 2));
      await waitFor('the next', () => ids(stream).length > 0);
      expect(ids(stream)).toEqual([next?.id]);
    },
  );

  test('does not show another family’s notifications to a client that names one as Last-Event-ID', async () => {
    const { port } = await startApi();
    const [family, other] = [aFamily(), aFamily()];
    const [theirs] = await confirmed(other, 1);
    await confirmed(other, 2);
    const stream = await listen(port, {
      ...(await harness.signedIn(guardianOf(family.familyId))),
      'last-event-id': theirs?.id ?? '',
    });
    await announced(confirmed(other, 3));
    const [own] = await announced(confirmed(family, 1));
    await waitFor('its own', () => ids(stream).length > 0);
    expect(ids(stream)).toEqual([own?.id]);
  });
});

describe('nothing is missed', () => {
  test('when an announcement is lost, the next one brings both', async () => {
    const { port } = await startApi();
    const family = aFamily();
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    const [silent] = await confirmed(family, 1);
    const [next] = await announced(confirmed(family, 2));
    await waitFor('both', () => ids(stream).length === 2);
    expect(ids(stream)).toEqual([silent?.id, next?.id]);
  });

  test('when no announcement comes at all, the heartbeat finds it', async () => {
    const { port } = await startApi({ heartbeatMs: 100 });
    const family = aFamily();
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    const [silent] = await confirmed(family, 1);
    await waitFor('it', () => ids(stream).length === 1);
    expect(ids(stream)).toEqual([silent?.id]);
    expect(stream.comments.length).toBeGreaterThan(0);
  });

  test('while Redis is down: on reconnecting the stream catches up from Postgres', async () => {
    const target = new URL(harness.cacheUrl);
    const proxy = perTest.add(
      await startFaultProxy({ target: { host: target.hostname, port: Number(target.port) } }),
      (it) => it.close(),
    );
    const redis = perTest.add(await openTestRedis(proxy.through(harness.cacheUrl)), (it) => it.disconnect());
    const subscriptions: unknown[] = [];
    const { port } = await startApi({ redis, onEvent: (event) => subscriptions.push(event.kind) });
    await waitFor('the subscription', () => subscriptions.includes('subscribed'));
    const family = aFamily();
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    proxy.refuse();
    const [missed] = await announced(confirmed(family, 1));
    expect(ids(stream)).toEqual([]);
    proxy.accept();
    await waitFor('what was missed', () => ids(stream).length === 1);
    expect(ids(stream)).toEqual([missed?.id]);
  });

  test('and nothing comes twice when announcements repeat or come late', async () => {
    const { port } = await startApi();
    const family = aFamily();
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    const [first, second] = [await confirmed(family, 1), await confirmed(family, 2)];
    await announced(Promise.resolve(second));
    await announced(Promise.resolve(first));
    await announced(Promise.resolve(second));
    const third = await announced(confirmed(family, 3));
    await waitFor('the third', () => ids(stream).includes(third[0]?.id));
    expect(ids(stream)).toEqual([first, second, third].map(([added]) => added?.id));
  });
});

describe('bounds', () => {
  test('an account has at most so many streams; one that closes makes room', async () => {
    const { port, fanOut } = await startApi({ maxStreamsPerAccount: 2 });
    const cookie = await harness.signedIn(guardianOf(aFamily().familyId));
    const [first] = [await listen(port, cookie), await listen(port, cookie)];
    const refused = await listen(port, cookie);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('15');
    first.close();
    await waitFor('room', () => fanOut.size() === 1);
    expect((await listen(port, cookie)).status).toBe(200);
  });

  testWithSwitch(
    'a process has at most so many streams',
    { name: 'maxStreams', on: 1, off: 1_000_000, failure: /Expected: 503\nReceived: 200/ },
    async (maxStreams) => {
      const { port } = await startApi({ maxStreams });
      await listen(port, await harness.signedIn(someCoordinator()));
      expect((await listen(port, await harness.signedIn(someCoordinator()))).status).toBe(503);
    },
  );

  test('a reader that does not read is cut off, and its memory with it', async () => {
    const { port, fanOut } = await startApi();
    const family = aFamily();
    const stream = await listen(port, await harness.signedIn(guardianOf(family.familyId)));
    stream.pause();
    const [added] = await confirmed(family, 1);
    if (added === undefined) throw new Error('no notification');
    // sockets hold some megabytes before anything piles up
    for (let position = 1; fanOut.size() > 0 && position < 400; position++) {
      await announced(Promise.resolve([{ ...added, position, body: 'x'.repeat(60_000) }]));
    }
    await waitFor('the cut', () => fanOut.size() === 0);
  });

  test('a stream ends in time and asks its client to come back', async () => {
    const { port } = await startApi({ maxAgeMs: 200, heartbeatMs: 50 });
    const stream = await listen(port, await harness.signedIn(someCoordinator()));
    await waitFor('the end', () => stream.ended());
    const last = stream.events.at(-1);
    expect(last).toMatchObject({ event: 'close', data: { reason: 'renew' } });
    expect(last?.retry).toBeGreaterThan(0);
  });

  test('a process that stops ends its streams at once', async () => {
    const { port, close } = await startApi();
    const streams = await Promise.all(
      Array.from({ length: 20 }, async () => listen(port, await harness.signedIn(someCoordinator()))),
    );
    const startedAt = performance.now();
    await close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await waitFor('the ends', () => streams.every((stream) => stream.ended()));
    for (const { events } of streams)
      expect(events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'shutdown' } });
  });

  test('a HEAD opens nothing', async () => {
    const { port, fanOut } = await startApi();
    const response = await fetch(`http://127.0.0.1:${port}/api/notifications/stream`, {
      method: 'HEAD',
      headers: await harness.signedIn(someCoordinator()),
    });
    expect(response.status).toBe(405);
    expect(fanOut.size()).toBe(0);
  });

  test('when the database is down a stream is refused, not hung', async () => {
    const target = new URL(harness.testDatabase.url);
    const proxy = perTest.add(
      await startFaultProxy({ target: { host: target.hostname, port: Number(target.port) } }),
      (it) => it.close(),
    );
    const database = perTest.add(
      openTestDatabase({ ...harness.testDatabase, url: proxy.through(harness.testDatabase.url) }),
      (it) => it.close(),
    );
    const { port, fanOut } = await startApi({ database });
    proxy.refuse();
    const refused = await listen(port, await harness.signedIn(someCoordinator()));
    expect(refused.status).toBe(503);
    expect(fanOut.size()).toBe(0);
  });
});
