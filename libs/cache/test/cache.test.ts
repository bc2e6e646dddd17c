import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openCache } from '@homeroom/cache';
import type { CacheOptions } from '../src/types.ts';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { LRUCache } from 'lru-cache';
import { testCaches } from './caches.ts';

let caches: Awaited<ReturnType<typeof testCaches>>;
beforeEach(async () => {
  caches = await testCaches();
});
afterEach(async () => {
  await caches.close();
});

const valueKey = (key: string): string => `${caches.keyPrefix}{${key}}`;

describe('tiers', () => {
  test('a value comes from the load once, then from this process, and for others from Redis', async () => {
    const [here, there] = [await caches.open(), await caches.open()];
    const load = jest.fn(async () => '{"id":1}');
    expect(await here.get('1', load)).toBe('{"id":1}');
    expect(await here.get('1', load)).toBe('{"id":1}');
    await waitFor('the fill', async () => here.redis.exists(valueKey('1')));
    expect(await there.get('1', load)).toBe('{"id":1}');
    expect(load).toHaveBeenCalledTimes(1);
    expect(here.events.filter(({ kind }) => kind === 'hit')).toEqual([{ kind: 'hit', cache: 'classes', tier: 'l1' }]);
    expect(there.events).toContainEqual({ kind: 'hit', cache: 'classes', tier: 'l2' });
  });

  test('peek answers at once what this process holds, and only that', async () => {
    const here = await caches.open();
    expect(here.peek('1')).toBeUndefined();
    await here.get('1', async () => 'one');
    expect(here.peek('1')).toBe('one');
  });

  test('what does not exist is asked for again: there is no caching of absence', async () => {
    const here = await caches.open();
    const load = jest.fn(async () => undefined);
    expect(await here.get('absent', load)).toBeUndefined();
    expect(await here.get('absent', load)).toBeUndefined();
    expect(load).toHaveBeenCalledTimes(2);
  });

  test('a load that fails fails its callers, stores nothing and is tried again', async () => {
    const here = await caches.open();
    await expect(here.get('1', async () => Promise.reject(new Error('no database')))).rejects.toThrow('no database');
    expect(await here.get('1', async () => 'one')).toBe('one');
  });

  test('a load that throws at once does not leave the key stuck', async () => {
    const here = await caches.open();
    const broken = (): Promise<string> => {
      throw new TypeError('a bug');
    };
    await expect(here.get('1', broken)).rejects.toThrow('a bug');
    expect(await here.get('1', async () => 'one')).toBe('one');
  });

  test('a load that hangs lets its callers go, and the next caller tries anew', async () => {
    const here = await caches.open({ loadTimeoutMs: 50 });
    await expect(here.get('1', () => new Promise(() => undefined))).rejects.toThrow('took longer than 50 ms');
    expect(await here.get('1', async () => 'one')).toBe('one');
  });

  test('entries in Redis expire at different times, within the jitter', async () => {
    const here = await caches.open({ l2: { ttlSeconds: 100, jitter: 0.2, timeoutMs: 10_000 } });
    const keys = Array.from({ length: 60 }, (_, n) => String(n));
    await Promise.all(keys.map((key) => here.get(key, async () => key)));
    const ttls = await waitFor('all fills', async () => {
      const all = await Promise.all(keys.map((key) => here.redis.pttl(valueKey(key))));
      return all.every((ttl) => ttl > 0) && all;
    });
    expect(Math.max(...ttls)).toBeLessThanOrEqual(100_000);
    expect(Math.min(...ttls)).toBeGreaterThan(79_000);
    expect(Math.max(...ttls) - Math.min(...ttls)).toBeGreaterThan(8000);
  });

  testWithSwitch(
    'this process drops an entry after its TTL',
    { name: 'ttlMs', on: 30, off: 3_600_000, failure: /Received: "one"/ },
    async (ttlMs) => {
      const here = await caches.open({ l1: { maxEntries: 10, ttlMs } });
      await here.get('1', async () => 'one');
      const expired = performance.now() + 31;
      await waitFor('the TTL to pass', () => performance.now() > expired);
      expect(here.peek('1')).toBeUndefined();
    },
  );

  test('this process holds no more than it may', async () => {
    const here = await caches.open({ l1: { maxEntries: 10, ttlMs: 60_000 } });
    for (let n = 0; n < 30; n += 1) await here.get(String(n), async () => String(n));
    expect(
      Array.from({ length: 30 }, (_, n) => here.peek(String(n))).filter((held) => held !== undefined),
    ).toHaveLength(10);
  });

  test('works without Redis', async () => {
    const alone = openCache({ name: 'alone', keyPrefix: 'x:', l1: { maxEntries: 10, ttlMs: 1000 } });
    expect(await alone.get('1', async () => 'one')).toBe('one');
    await alone.invalidate('1');
    expect(alone.peek('1')).toBeUndefined();
    await alone.close();
  });

  test('keys may hold anything: spaces, braces, colons, 200 letters, other scripts', async () => {
    const [here, there] = [await caches.open(), await caches.open()];
    for (const key of ['a b c', '}{', 'a:b:lease', 'é🎒ש', 'x'.repeat(200), '']) {
      await here.get(key, async () => `value of ${key}`);
      await there.get(key, async () => `value of ${key}`);
      await here.invalidate(key);
      await waitFor(`"${key}" to be dropped there`, () => there.peek(key) === undefined);
      expect(await there.get(key, async () => 'new')).toBe('new');
    }
  });
});

describe('single flight', () => {
  const stampede = async (asked: (key: string, load: () => Promise<string>) => Promise<unknown>): Promise<number> => {
    let loads = 0;
    const load = async (): Promise<string> => {
      loads += 1;
      return new Promise((resolve) => setTimeout(resolve, 20, 'one'));
    };
    await Promise.all(Array.from({ length: 1000 }, () => asked('cold', load)));
    return loads;
  };

  test('1,000 callers of a cold key cause one load and three commands to Redis', async () => {
    const here = await caches.open();
    await here.get('scripts are loaded', async () => 'yes');
    await waitFor('the fill', async () => here.redis.exists(valueKey('scripts are loaded')));
    const sent: string[] = [];
    const monitor = await here.redis.monitor();
    monitor.on('monitor', (_time: string, [command, ...words]: string[], source: string) => {
      if (source !== 'lua' && words.includes(valueKey('cold'))) sent.push(String(command).toLowerCase());
    });
    expect(await stampede((key, load) => here.get(key, load))).toBe(1);
    expect(here.count('coalesced')).toBe(999);
    await waitFor('the fill', () => sent.length >= 3);
    monitor.disconnect();
    expect(sent).toEqual(['get', 'evalsha', 'evalsha']);
  });

  test('without it, each of them loads', async () => {
    const plain = new LRUCache<string, string>({ max: 10 });
    expect(
      await stampede(async (key, load) => {
        const held = plain.get(key) ?? (await load());
        plain.set(key, held);
      }),
    ).toBe(1000);
  });
});

test.each<[string, Partial<CacheOptions>]>([
  ['l1.maxEntries', { l1: { maxEntries: 0, ttlMs: 1 } }],
  ['l1.ttlMs', { l1: { maxEntries: 1, ttlMs: 0 } }],
  ['l2.ttlSeconds', { l2: { ttlSeconds: 0 } }],
  ['l2.jitter', { l2: { ttlSeconds: 1, jitter: 1 } }],
])('options that make no sense are refused at once: %s', (named, odd) => {
  const fine: CacheOptions = { name: 'odd', keyPrefix: 'x:', l1: { maxEntries: 1, ttlMs: 1 } };
  expect(() => openCache({ ...fine, ...odd })).toThrow(`cache odd: ${named}`);
});
