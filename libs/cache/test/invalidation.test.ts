import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';
import { testCaches, type TestCache } from './caches.ts';

let caches: Awaited<ReturnType<typeof testCaches>>;
let [here, there]: TestCache[] = [];
beforeEach(async () => {
  caches = await testCaches();
  [here, there] = [await caches.open(), await caches.open()];
});
afterEach(async () => {
  await caches.close();
});

const valueKey = (key: string): string => `${caches.keyPrefix}{${key}}`;

/** A load that ends on command. */
function slowLoad(value: string) {
  const { promise, resolve } = Promise.withResolvers<string>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<undefined>();
  return { load: () => (begin(undefined), promise), begun, finish: () => resolve(value) };
}

test('an invalidation reaches Redis and every process', async () => {
  await here!.get('1', async () => 'old');
  await waitFor('the fill', async () => here!.redis.exists(valueKey('1')));
  await there!.get('1', async () => 'old');
  await here!.invalidate('1');
  expect(here!.peek('1')).toBeUndefined();
  expect(await here!.redis.exists(valueKey('1'))).toBe(0);
  await waitFor('the other process to drop the entry', () => there!.peek('1') === undefined);
  expect(there!.events).toContainEqual({ kind: 'invalidated', cache: 'classes', origin: 'elsewhere' });
  expect(await there!.get('1', async () => 'new')).toBe('new');
});

test('several keys go in one round trip, and other keys stay', async () => {
  for (const key of ['1', '2', '3']) await there!.get(key, async () => 'old');
  await here!.invalidate('1', '2');
  await waitFor(
    'the other process to drop the entry',
    () => there!.peek('1') === undefined && there!.peek('2') === undefined,
  );
  expect(there!.peek('3')).toBe('old');
});

describe('a value that was read before a write and arrives after it', () => {
  test('is stored nowhere, when the write was in the same process', async () => {
    const old = slowLoad('old');
    const reading = here!.get('1', old.load);
    await old.begun;
    await here!.invalidate('1');
    old.finish();
    expect(await reading).toBe('old');
    expect(here!.peek('1')).toBeUndefined();
    expect(here!.count('stale-fill-refused')).toBe(1);
    expect(await here!.redis.exists(valueKey('1'))).toBe(0);
  });

  test('is not given to those who ask after the write', async () => {
    const old = slowLoad('old');
    const before = here!.get('1', old.load);
    await old.begun;
    await here!.invalidate('1');
    const after = here!.get('1', async () => 'new');
    expect(await after).toBe('new');
    old.finish();
    expect(await before).toBe('old');
    expect(here!.peek('1')).toBe('new');
  });

  test('is refused by Redis when the message about the write does not arrive', async () => {
    const old = slowLoad('old');
    const reading = there!.get('1', old.load);
    await old.begun;
    // what an invalidation elsewhere does, without announcing it
    await here!.redis.del(valueKey('1'), `${valueKey('1')}:lease`);
    await here!.get('1', async () => 'new');
    await waitFor('the new value in Redis', async () => (await here!.redis.get(valueKey('1'))) === 'new');
    old.finish();
    await reading;
    await waitFor('the refusal', () => there!.count('stale-fill-refused') > 0);
    expect(await here!.redis.get(valueKey('1'))).toBe('new');
    expect(there!.peek('1')).toBeUndefined();
  });

  test('stays in Redis until it expires when leases are off: this is what they prevent', async () => {
    const { redis } = here!;
    const cacheAside = async (load: () => Promise<string>): Promise<void> => {
      if ((await redis.get(valueKey('2'))) === null) await redis.set(valueKey('2'), await load(), 'EX', 60);
    };
    const old = slowLoad('old');
    const reading = cacheAside(old.load);
    await old.begun;
    await redis.del(valueKey('2'));
    old.finish();
    await reading;
    expect(await redis.get(valueKey('2'))).toBe('old');
  });
});

test('two processes that load at once may both fill: nothing was written since the first began', async () => {
  const [first, second] = [slowLoad('same'), slowLoad('same')];
  const readings = [here!.get('1', first.load), there!.get('1', second.load)];
  await Promise.all([first.begun, second.begun]);
  first.finish();
  second.finish();
  await Promise.all(readings);
  await waitFor('the value in Redis', async () => (await here!.redis.get(valueKey('1'))) === 'same');
  expect([here!.count('stale-fill-refused'), there!.count('stale-fill-refused')]).toEqual([0, 0]);
  expect([here!.peek('1'), there!.peek('1')]).toEqual(['same', 'same']);
});

test('after thousands of reads and writes in two processes, neither holds an old value', async () => {
  const truth = new Map<string, number>();
  const keys = Array.from({ length: 20 }, (_, n) => String(n));
  const load = (key: string) => async (): Promise<string> => {
    const value = String(truth.get(key) ?? 0);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    return value;
  };
  const worker = async (cache: TestCache): Promise<void> => {
    for (let step = 0; step < 400; step += 1) {
      const key = keys[Math.floor(Math.random() * keys.length)]!;
      if (Math.random() < 0.2) {
        truth.set(key, (truth.get(key) ?? 0) + 1);
        await cache.invalidate(key);
      } else await cache.get(key, load(key));
    }
  };
  await Promise.all([here!, there!, here!, there!, here!, there!].map(worker));
  await waitFor('every tier to agree with the truth', async () => {
    for (const key of keys) {
      const value = String(truth.get(key) ?? 0);
      expect([value, undefined]).toContain(here!.peek(key));
      expect([value, undefined]).toContain(there!.peek(key));
      expect([value, null]).toContain(await here!.redis.get(valueKey(key)));
    }
    return true;
  });
});
