import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openCache, type Cache, type CacheEvent } from '@homeroom/cache';
import { waitFor } from '@homeroom/testing';
import { Redis } from 'ioredis';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
let server: ChildProcess;
let redis: Redis;
let cache: Cache;
let events: CacheEvent[];

const start = async (): Promise<void> => {
  server = spawn('redis-server', ['--port', '0', '--unixsocket', join(folder, 'redis.sock'), '--save', ''], {
    cwd: folder,
    stdio: 'ignore',
  });
  await once(server, 'spawn');
};
const end = async (): Promise<void> => {
  const ended = once(server, 'exit');
  server.kill('SIGKILL');
  await ended;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'homeroom-cache-'));
  await start();
  redis = new Redis({ path: join(folder, 'redis.sock'), retryStrategy: () => 50, maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await waitFor('Redis', async () => redis.ping());
  events = [];
  cache = openCache({
    name: 'classes',
    redis,
    keyPrefix: 'classes:',
    l1: { maxEntries: 100, ttlMs: 5000 },
    l2: { ttlSeconds: 60 },
    onEvent: (event) => events.push(event),
  });
});
afterEach(async () => {
  await cache.close();
  redis.disconnect();
  await end();
  await rm(folder, { recursive: true });
});

test('a Redis that freezes and thaws executes late what it was sent, and no old value comes of it', async () => {
  await cache.get('1', async () => 'old');
  await waitFor('the fill', async () => redis.exists('classes:{1}'));
  server.kill('SIGSTOP');
  const startedAt = performance.now();
  await cache.invalidate('1'); // the write was committed just now
  expect(await cache.get('1', async () => 'new')).toBe('new');
  for (let n = 0; n < 10; n += 1) await cache.get(`other ${n}`, async () => 'loaded');
  expect(performance.now() - startedAt).toBeLessThan(2000);
  server.kill('SIGCONT');
  await waitFor('the deletion', async () => (await redis.get('classes:{1}')) !== 'old');
  await waitFor('the breaker to close', async () => {
    await cache.get(String(Math.random()), async () => 'loaded');
    return events.findLast((event) => event.kind === 'l2-state')?.state === 'closed';
  });
  expect(await cache.get('1', async () => 'new')).toBe('new');
});

test('a Redis that is killed and comes back empty is filled again', async () => {
  await cache.get('1', async () => 'one');
  await end();
  expect(await cache.get('2', async () => 'two')).toBe('two');
  await waitFor('the flush of what is held', () => cache.peek('1') === undefined);
  await start();
  let n = 0;
  await waitFor('a fill', async () => {
    await cache.get(`again ${(n += 1)}`, async () => 'one');
    return (await redis.dbsize()) > 0;
  });
});
