import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startFaultProxy, waitFor, type FaultProxy } from '@homeroom/testing';
import { testCaches, type TestCache } from './caches.ts';

let caches: Awaited<ReturnType<typeof testCaches>>;
let proxy: FaultProxy;
let behind: TestCache;
beforeEach(async () => {
  caches = await testCaches();
  const { hostname, port } = new URL(caches.cacheUrl);
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
  behind = await caches.open({ l2: { ttlSeconds: 60, timeoutMs: 100 } }, proxy.through(caches.cacheUrl));
});
afterEach(async () => {
  proxy.accept();
  proxy.resume();
  await caches.close();
  await proxy.close();
});

const valueKey = (key: string): string => `${caches.keyPrefix}{${key}}`;
const timed = async <T>(work: Promise<T>): Promise<[T, number]> => {
  const startedAt = performance.now();
  return [await work, performance.now() - startedAt];
};

describe.each(['hang', 'refuse'] as const)('a Redis that does not answer (%s)', (fault) => {
  test('costs loads, not errors or waits', async () => {
    proxy[fault]();
    const [value, firstMs] = await timed(behind.get('first', async () => 'loaded'));
    expect(value).toBe('loaded');
    expect(firstMs).toBeLessThan(1000);
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => behind.get(key, async () => 'loaded')));
    const [, laterMs] = await timed(
      Promise.all(Array.from({ length: 100 }, (_, n) => behind.get(`k${n}`, async () => 'loaded'))),
    );
    expect(laterMs).toBeLessThan(100);
    expect(behind.events).toContainEqual({ kind: 'miss', cache: 'classes', reason: 'l2-down' });
  });

  test('is used again when it is back', async () => {
    proxy[fault]();
    for (let n = 0; n < 5; n += 1) await behind.get(`down ${n}`, async () => 'loaded');
    proxy.accept();
    proxy.resume();
    let n = 0;
    await waitFor(
      'a value that reaches Redis',
      async () => {
        await behind.get(`up ${(n += 1)}`, async () => 'loaded');
        const direct = await caches.open();
        return direct.redis.exists(valueKey(`up ${n - 1}`));
      },
      { everyMs: 200 },
    );
  });

  test('receives later what was invalidated meanwhile, and is not trusted until then', async () => {
    const direct = await caches.open();
    await behind.get('1', async () => 'old');
    await waitFor('the fill', async () => direct.redis.exists(valueKey('1')));
    await direct.get('1', async () => 'never asked');
    proxy[fault]();
    const [, ms] = await timed(behind.invalidate('1'));
    expect(ms).toBeLessThan(1000);
    expect(await behind.get('1', async () => 'new')).toBe('new');
    await behind.invalidate('1');
    proxy.accept();
    proxy.resume();
    expect(await behind.get('1', async () => 'new')).toBe('new');
    await waitFor('the other process to drop the entry', () => direct.peek('1') === undefined);
    await waitFor('Redis to drop the value', async () => (await direct.redis.get(valueKey('1'))) !== 'old');
  });
});

test('many callers at once do not wait one after another for a Redis that hangs', async () => {
  proxy.hang();
  const [, ms] = await timed(
    Promise.all(Array.from({ length: 500 }, (_, n) => behind.get(`k${n}`, async () => 'loaded'))),
  );
  expect(ms).toBeLessThan(1500);
  expect(behind.events).toContainEqual({ kind: 'l2-state', cache: 'classes', state: 'open' });
});

describe('when the connection that receives invalidations drops', () => {
  test('everything this process holds is dropped, and invalidations arrive again afterwards', async () => {
    const direct = await caches.open();
    await behind.get('1', async () => 'old');
    proxy.cut();
    await waitFor('the flush', () => behind.peek('1') === undefined);
    expect(behind.count('flushed')).toBeGreaterThan(0);
    await waitFor('hearing again', async () => {
      await behind.get('2', async () => 'old');
      await direct.invalidate('2');
      return (
        behind.peek('2') === undefined &&
        behind.events.some((event) => event.kind === 'invalidated' && event.origin === 'elsewhere')
      );
    });
  });

  test('silently, that is noticed, because it is asked for a sign of life', async () => {
    const listening = await caches.open({ l1: { maxEntries: 10, ttlMs: 1000 } }, proxy.through(caches.cacheUrl));
    await listening.get('1', async () => 'old');
    proxy.hang();
    await waitFor('an error of the silent connection', () =>
      listening.events.some((event) => event.kind === 'l2-error' && event.operation === 'subscribe'),
    );
  });
});

test('a Redis that loses everything, scripts too, is filled again', async () => {
  await behind.get('1', async () => 'one');
  await behind.redis.script('FLUSH');
  expect(await behind.get('2', async () => 'two')).toBe('two');
  await waitFor('the fill', async () => behind.redis.exists(valueKey('2')));
});
