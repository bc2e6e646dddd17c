import { connectRedis, type Redis } from '@homeroom/redis';
import { openSessions, readSessionsEnded, sessionsEndedChannel, type SessionStore } from '@homeroom/sessions';
import { startFaultProxy, testRedis, waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { EndedSessions } from '../src/ended.ts';
import { coordinator, guardian, operator } from './sessions.ts';

let redis: Redis;
let url: string;
let keyPrefix: string;
let store: SessionStore;
beforeAll(async () => {
  ({ sessionsUrl: url, keyPrefix } = await testRedis());
  redis = await connectRedis(url);
  store = openSessions({ redis, keyPrefix });
});
afterAll(() => redis.disconnect());

const own = async (): Promise<string[]> => (await redis.keys(`${keyPrefix}*`)).sort();

describe('a session', () => {
  test.each([guardian, coordinator, operator])('is found by its token: %o', async (principal) => {
    const { token, expiresAt } = await store.create(principal);
    expect(await store.find(token)).toEqual({
      principal,
      createdAt: expect.any(Date),
      expiresAt,
      mark: 'any',
      writes: 0,
    });
    expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(43_190_000);
  });

  test('has a token of 256 bits, of which Redis never sees more than the SHA-256', async () => {
    const { token } = await store.create(guardian);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const dump = [...(await own())];
    for (const key of dump)
      if ((await redis.type(key)) === 'hash') dump.push(...Object.values(await redis.hgetall(key)));
    expect(dump.join()).not.toContain(token);
    expect(dump).toContain(`${keyPrefix}session:${createHash('sha256').update(token).digest('base64url')}`);
  });

  test.each([
    ['an unknown token', 'A'.repeat(43)],
    ['an empty one', ''],
    ['a long one', 'A'.repeat(100_000)],
    ['a pattern', '*'.repeat(43)],
    ['a hash instead of its token', createHash('sha256').update('x').digest('base64url')],
  ])('is not found by %s', async (_, token) => {
    expect(await store.find(token)).toBeUndefined();
    expect(await store.destroy(token)).toBe(false);
  });

  test('ends when it has been idle, and not while it is used', async () => {
    const short = openSessions({ redis, keyPrefix, idleSeconds: 0.5 });
    const { token } = await short.create(guardian);
    const usedUntil = Date.now() + 1_500;
    await waitFor('three idle times to pass', async () => {
      expect(await short.find(token)).toBeDefined();
      return Date.now() > usedUntil;
    });
    await waitFor('the end', async () => (await redis.exists(...(await keysOf(token)))) === 0, { everyMs: 100 });
    expect(await short.find(token)).toBeUndefined();
  });

  test('ends at its absolute end, however much it is used', async () => {
    const short = openSessions({ redis, keyPrefix, absoluteSeconds: 0.6 });
    const { token } = await short.create(guardian);
    const startedAt = Date.now();
    await waitFor('the end', async () => (await short.find(token)) === undefined);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(590);
    expect(Date.now() - startedAt).toBeLessThan(2_000);
  });

  test('costs one round trip to find, and no write most of the time', async () => {
    const { token } = await store.create(guardian);
    const sent: string[] = [];
    const monitored = await connectRedis(url);
    const send = monitored.sendCommand.bind(monitored);
    monitored.sendCommand = (command, ...rest) => {
      sent.push(command.name);
      return send(command, ...rest);
    };
    const watched = openSessions({ redis: monitored, keyPrefix });
    await watched.find(token);
    await watched.find(token);
    expect(sent).toEqual(['evalsha', 'evalsha']);
    monitored.disconnect();
  });

  test('is destroyed once', async () => {
    const { token } = await store.create(guardian);
    expect(await store.destroy(token)).toBe(true);
    expect(await store.destroy(token)).toBe(false);
    expect(await store.find(token)).toBeUndefined();
  });

  test('that replaces another ends it, even that of another account', async () => {
    const { token: planted } = await store.create(coordinator);
    const { token } = await store.create(guardian, planted);
    expect(await store.find(planted)).toBeUndefined();
    expect(await store.find(token)).toBeDefined();
    expect((await store.list(coordinator.accountId)).map(({ id }) => id)).not.toContain(store.idOf(planted));
  });
});

const keysOf = async (token: string): Promise<[string]> => [
  `${keyPrefix}session:${createHash('sha256').update(token).digest('base64url')}`,
];

describe('all sessions of an account', () => {
  const principal = { ...guardian, accountId: 'account-with-many' };

  test('are listed without anything that opens one, and end together', async () => {
    const mine = [await store.create(principal), await store.create(principal), await store.create(principal)];
    const { token: other } = await store.create(coordinator);
    const listed = await store.list(principal.accountId);
    expect(listed.map(({ id }) => id).sort()).toEqual(mine.map(({ token }) => store.idOf(token)).sort());
    expect(await store.find(listed[0]?.id ?? '')).toBeUndefined();
    expect(await store.destroyAll(principal.accountId)).toBe(3);
    for (const { token } of mine) expect(await store.find(token)).toBeUndefined();
    expect(await store.find(other)).toBeDefined();
    expect(await store.list(principal.accountId)).toEqual([]);
    expect(await store.destroyAll(principal.accountId)).toBe(0);
  });

  test('do not pile up in the account’s set when they have ended', async () => {
    const brief = openSessions({ redis, keyPrefix, absoluteSeconds: 0.05 });
    const busy = { ...guardian, accountId: 'account-busy' };
    for (let i = 0; i < 5; i += 1) await brief.create(busy);
    await waitFor('their end', async () => (await brief.list(busy.accountId)).length === 0);
    await store.create(busy);
    expect(await redis.zcard(`${keyPrefix}account:${busy.accountId}`)).toBe(1);
  });
});

describe('S4: ended sessions are announced', () => {
  const received: (EndedSessions | undefined)[] = [];
  let listener: Redis;
  beforeAll(async () => {
    listener = await connectRedis(url);
    await listener.subscribe(sessionsEndedChannel(keyPrefix));
    listener.on('message', (_channel: string, text: string) => received.push(readSessionsEnded(text)));
  });
  beforeEach(() => void received.splice(0));
  afterAll(() => listener.disconnect());

  /** Announcements arrive in order, so after the last one nothing earlier is outstanding. */
  const announced = async (): Promise<unknown[]> => {
    const last = { accountId: `last-${received.length}` };
    await redis.publish(sessionsEndedChannel(keyPrefix), JSON.stringify(last));
    await waitFor('the last announcement', () => received.some((ended) => ended?.accountId === last.accountId));
    return received.slice(0, -1);
  };
  const someone = (accountId: string): typeof guardian => ({ ...guardian, accountId });

  test('when one is destroyed, once, under the id that a list gives it', async () => {
    const { token } = await store.create(someone('s4-one'));
    await store.destroy(token);
    await store.destroy(token);
    expect(await announced()).toEqual([{ accountId: 's4-one', sessionId: store.idOf(token) }]);
  });

  test('when all of an account are destroyed', async () => {
    await store.create(someone('s4-all'));
    await store.destroyAll('s4-all');
    expect(await announced()).toEqual([{ accountId: 's4-all' }]);
  });

  test('when a sign-in replaces one, with the account of the one that ended', async () => {
    const { token } = await store.create(someone('s4-planted'));
    await store.create(someone('s4-other'), token);
    expect(await announced()).toEqual([{ accountId: 's4-planted', sessionId: store.idOf(token) }]);
  });

  test('when all but one are destroyed; the kept one is not, and stays', async () => {
    const principal = someone('s4-others');
    const [kept, ...others] = [
      await store.create(principal),
      await store.create(principal),
      await store.create(principal),
    ];
    const { token: stranger } = await store.create(coordinator);
    expect(await store.destroyOthers(principal.accountId, kept.token)).toBe(2);
    expect(await announced()).toEqual(
      expect.arrayContaining(
        others.map(({ token }) => ({ accountId: principal.accountId, sessionId: store.idOf(token) })),
      ),
    );
    expect(received).toHaveLength(3);
    expect(await store.find(kept.token)).toBeDefined();
    expect(await store.find(stranger)).toBeDefined();
    expect(await store.alive(others.map(({ token }) => token))).toEqual(new Set());
    expect((await store.list(principal.accountId)).map(({ id }) => id)).toEqual([store.idOf(kept.token)]);
  });

  test('a sign-in without an earlier session announces nothing', async () => {
    await store.create(someone('s4-fresh'));
    await store.create(someone('s4-fresh'), 'A'.repeat(43));
    expect(await announced()).toEqual([]);
  });

  test.each(['', 'null', '[]', '{}', '{"accountId":1}', '{"accountId":"a","sessionId":1}', 'x'])(
    'an announcement %j is not understood',
    (text) => expect(readSessionsEnded(text)).toBeUndefined(),
  );
});

describe('looking which sessions are alive', () => {
  test('is one round trip for many, and does not extend the idle expiry', async () => {
    const { token: alive } = await store.create(guardian);
    const { token: ended } = await store.create(guardian);
    await store.destroy(ended);
    const [key] = await keysOf(alive);
    await redis.pexpire(key, 60_000);
    const sent: string[] = [];
    const monitored = await connectRedis(url);
    const send = monitored.sendCommand.bind(monitored);
    monitored.sendCommand = (command, ...rest) => {
      sent.push(command.name);
      return send(command, ...rest);
    };
    const watched = openSessions({ redis: monitored, keyPrefix });
    await watched.alive([alive]);
    sent.splice(0);
    expect(await watched.alive([alive, ended, 'A'.repeat(43), 'rubbish'])).toEqual(new Set([alive]));
    expect(await watched.alive([])).toEqual(new Set());
    expect(sent).toEqual(['evalsha']);
    expect(await redis.pttl(key)).toBeLessThanOrEqual(60_000);
    // finding it does extend it
    await store.find(alive);
    expect(await redis.pttl(key)).toBeGreaterThan(60_000);
    monitored.disconnect();
  });
});

describe('the read-your-writes mark', () => {
  const markOf = async (token: string, service = 'families'): Promise<string | undefined> =>
    (await store.find(token, service))?.mark;

  test('is “primary” after a write, and an LSN once a read knows it', async () => {
    const { token } = await store.create(guardian);
    const writes = await store.wrote(token, 'families');
    expect(await markOf(token)).toBe('primary');
    expect(await store.advance(token, 'families', '0/16B3748', writes)).toBe(true);
    expect(await markOf(token)).toBe('0/16B3748');
  });

  test('is kept per service', async () => {
    const { token } = await store.create(guardian);
    await store.wrote(token, 'families');
    expect([await markOf(token), await markOf(token, 'enrollment')]).toEqual(['primary', 'any']);
  });

  test('of a later write is not overwritten by the LSN of an earlier one', async () => {
    const { token } = await store.create(guardian);
    const first = await store.wrote(token, 'families');
    await store.wrote(token, 'families');
    expect(await store.advance(token, 'families', '0/16B3748', first)).toBe(false);
    expect(await markOf(token)).toBe('primary');
  });

  test.each([
    ['0/FF', '0/100', '0/100'],
    ['0/100', '0/FF', '0/100'],
    ['9/0', 'A/0', 'A/0'],
    ['1/0', '0/FFFFFFFF', '1/0'],
    ['0/FFFFFFFE', '0/FFFFFFFF', '0/FFFFFFFF'],
  ])('at %s given %s is %s', async (first, second, expected) => {
    const { token } = await store.create(guardian);
    const writes = await store.wrote(token, 'families');
    await store.advance(token, 'families', first, writes);
    await store.advance(token, 'families', second, writes);
    expect(await markOf(token)).toBe(expected);
  });

  test('does not bring a session back that has ended meanwhile', async () => {
    const { token } = await store.create(guardian);
    await store.destroy(token);
    expect(await store.wrote(token, 'families')).toBe(0);
    expect(await store.advance(token, 'families', '0/1', 0)).toBe(false);
    expect(await redis.exists(...(await keysOf(token)))).toBe(0);
  });
});

describe('a Redis that is down', () => {
  test('is a 503 in time, not a wait and not “signed out”', async () => {
    const { hostname, port } = new URL(url);
    const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
    const fragile = await connectRedis(proxy.through(url), { commandTimeoutMs: 100 });
    const sessions = openSessions({ redis: fragile, keyPrefix });
    const { token } = await sessions.create(guardian);
    for (const trouble of ['hang', 'refuse'] as const) {
      proxy[trouble]();
      const startedAt = performance.now();
      await expect(sessions.find(token)).rejects.toMatchObject({ code: 'sessions_unavailable' });
      await expect(sessions.list('a')).rejects.toMatchObject({ code: 'sessions_unavailable' });
      expect(performance.now() - startedAt).toBeLessThan(1_000);
      proxy.resume();
      proxy.accept();
      await waitFor('the session', () => sessions.find(token));
    }
    fragile.disconnect();
    await proxy.close();
  });
});
