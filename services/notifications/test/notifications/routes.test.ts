import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '@homeroom/testing';
import type { ZodFastify } from '@homeroom/chassis';
import { openDatabase } from '@homeroom/postgres';
import { receiveEnrollment, receiveFamily } from '../../src/notifications/receive-event.ts';
import { aFamily, co, guardianOf, type Harness, startApp, startHarness } from '../harness.ts';

let harness: Harness;
let app: ZodFastify;

beforeAll(async () => {
  harness = await startHarness();
  ({ app } = harness);
});
afterAll(() => harness.close());

interface List {
  items: { id: string; kind: string; readAt?: string; data: object; createdAt: string }[];
  unreadCount: number;
  nextCursor?: string;
}

async function aReader(): Promise<{
  family: ReturnType<typeof aFamily>;
  list: (query?: string) => Promise<List>;
  read: (id: string) => Promise<number>;
}> {
  const family = aFamily();
  const headers = await harness.signedIn(guardianOf(family.familyId));
  return {
    family,
    list: async (query = '') => (await app.inject({ url: `/api/notifications${query}`, headers })).json<List>(),
    read: async (id) =>
      (await app.inject({ method: 'POST', url: `/api/notifications/${id}/read`, headers })).statusCode,
  };
}

describe('the inbox', () => {
  test('shows newest first, page by page, each once, also while new ones come in', async () => {
    const { family, list } = await aReader();
    const add = (version: number): Promise<unknown> =>
      receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { version }));
    for (let version = 1; version <= 25; version++) await add(version);
    await harness.testDatabase.waitForReplica();
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=10${cursor}`);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
      await add(100 + seen.length);
      await harness.testDatabase.waitForReplica();
    } while (cursor !== '');
    expect(seen).toHaveLength(25);
    expect(new Set(seen).size).toBe(25);
  });

  test('what is read is read at once, for the one who read it, and once', async () => {
    const { family, list, read } = await aReader();
    await receiveFamily(harness.db, co, family.registered());
    await receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    await harness.testDatabase.waitForReplica();
    const before = await list();
    expect(before.unreadCount).toBe(2);
    expect(before.items.map(({ kind }) => kind)).toEqual(['confirmed', 'welcome']);
    const [newest, oldest] = before.items;
    await harness.testDatabase.pauseReplica();
    try {
      expect(await read(newest?.id ?? '')).toBe(204);
      expect(await read(newest?.id ?? '')).toBe(204);
      const after = await list('?unread=true');
      expect(after.unreadCount).toBe(1);
      expect(after.items.map(({ id }) => id)).toEqual([oldest?.id]);
      expect((await list()).items[0]?.readAt).toBeDefined();
    } finally {
      await harness.testDatabase.resumeReplica();
    }
  });

  test('marking at once from many places counts it once', async () => {
    const { family, list, read } = await aReader();
    await receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    await receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.cancelled.v1', { version: 3 }));
    await harness.testDatabase.waitForReplica();
    const { items } = await list();
    expect(await Promise.all(Array.from({ length: 10 }, () => read(items[0]?.id ?? '')))).toEqual(Array(10).fill(204));
    expect((await list()).unreadCount).toBe(1);
  });

  test('D15: everything up to what was seen is read at once; what came meanwhile stays unread', async () => {
    const { family, list } = await aReader();
    const headers = await harness.signedIn(guardianOf(family.familyId));
    const readAll = (upTo: string): Promise<{ statusCode: number; json: <T>() => T }> =>
      app.inject({ method: 'POST', url: '/api/notifications/read-all', headers, payload: { upTo } });
    const add = (version: number): Promise<unknown> =>
      receiveEnrollment(harness.db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { version }));
    for (let version = 1; version <= 5; version++) await add(version);
    await harness.testDatabase.waitForReplica();
    const seen = (await list()).items;
    await add(6);
    // at once from several places, as by two open pages
    const answers = await Promise.all([1, 2, 3].map(() => readAll(seen[0]?.id ?? '')));
    expect(answers.map((answer) => [answer.statusCode, answer.json<unknown>()])).toEqual(
      Array(3).fill([200, { unreadCount: 1 }]),
    );
    await harness.testDatabase.waitForReplica();
    expect((await list('?unread=true')).items).toHaveLength(1);
    expect((await readAll(seen[4]?.id ?? '')).json()).toEqual({ unreadCount: 1 });
    const newest = (await list()).items[0]?.id ?? '';
    expect((await readAll(newest)).json()).toEqual({ unreadCount: 0 });
  });

  test('D15: what another inbox has is no place to read up to', async () => {
    const [mine, theirs] = [await aReader(), await aReader()];
    await receiveFamily(harness.db, co, theirs.family.registered());
    await receiveFamily(harness.db, co, mine.family.registered());
    await harness.testDatabase.waitForReplica();
    const foreign = (await theirs.list()).items[0]?.id ?? '';
    const headers = await harness.signedIn(guardianOf(mine.family.familyId));
    for (const upTo of [foreign, '0199f2a0-0000-7000-8000-000000000006']) {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/notifications/read-all',
        headers,
        payload: { upTo },
      });
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'notification_not_found']);
    }
    expect((await mine.list()).unreadCount).toBe(1);
  });

  test('a client that has the list already gets 304', async () => {
    const { family } = await aReader();
    const headers = await harness.signedIn(guardianOf(family.familyId));
    const first = await app.inject({ url: '/api/notifications', headers });
    const again = await app.inject({
      url: '/api/notifications',
      headers: { ...headers, 'if-none-match': first.headers.etag },
    });
    expect(again.statusCode).toBe(304);
    expect(first.headers['cache-control']).toBe('private, no-cache');
  });

  test('costs one query, on the replica', async () => {
    const asked: string[] = [];
    const counting = new Closing();
    const database = counting.add(
      openDatabase({
        primaryUrl: harness.testDatabase.url,
        replicaUrls: [harness.testDatabase.replicaUrl],
        poolSize: 2,
        replicaPoolSize: 2,
        applicationName: 'counting',
        onEvent: (event) => event.type === 'query' && asked.push(`${event.role} ${event.name}`),
      }),
      (it) => it.close(),
    );
    const { app: counted } = await startApp({ ...harness, database }, counting);
    const headers = await harness.signedIn(guardianOf(aFamily().familyId));
    expect((await counted.inject({ url: '/api/notifications', headers })).statusCode).toBe(200);
    expect(asked).toEqual(['replica list_notifications']);
    await counting.closeAll();
  });
});
