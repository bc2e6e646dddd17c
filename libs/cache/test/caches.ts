import { openCache, type Cache, type CacheEvent } from '@homeroom/cache';
import type { CacheOptions } from '../src/types.ts';
import { testRedis, waitFor } from '@homeroom/testing';
import { Redis } from 'ioredis';

/** A cache as one process has it, with its own connection and the record of its events. */
export interface TestCache extends Cache {
  readonly events: CacheEvent[];
  readonly redis: Redis;
  count(kind: CacheEvent['kind']): number;
}

/** Opens caches that see each other like processes of one service, and closes them all. */
export async function testCaches(overrides: Partial<CacheOptions> = {}) {
  const { cacheUrl, keyPrefix } = await testRedis();
  const opened: TestCache[] = [];
  const open = async (more: Partial<CacheOptions> = {}, url = cacheUrl): Promise<TestCache> => {
    const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => 50 });
    redis.on('error', () => undefined); // the faults are made by the tests
    const events: CacheEvent[] = [];
    const cache = openCache({
      name: 'classes',
      redis,
      keyPrefix,
      l1: { maxEntries: 1000, ttlMs: 60_000 },
      l2: { ttlSeconds: 60 },
      onEvent: (event) => events.push(event),
      ...overrides,
      ...more,
    });
    const test = Object.assign(cache, {
      events,
      redis,
      count: (kind: CacheEvent['kind']) => events.filter((event) => event.kind === kind).length,
    });
    opened.push(test);
    await waitFor(
      'the cache to receive invalidations',
      async () => (await listeners(keyPrefix, cacheUrl)) >= opened.length,
    );
    // Redis knows of the subscription before the process does, which then drops what it holds: two turns, and it knows
    await redis.ping();
    await redis.ping();
    return test;
  };
  const close = async (): Promise<void> => {
    await Promise.all(
      opened.map(async (cache) => {
        await cache.close();
        cache.redis.disconnect();
      }),
    );
  };
  return { open, close, cacheUrl, keyPrefix };
}

async function listeners(keyPrefix: string, url: string): Promise<number> {
  const redis = new Redis(url);
  const [, count] = (await redis.call('PUBSUB', 'NUMSUB', `${keyPrefix}invalidated`)) as [string, number];
  redis.disconnect();
  return count;
}
