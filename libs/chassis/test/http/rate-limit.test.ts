import type { ZodFastify } from '@homeroom/chassis';
import { connectRedis, type Redis } from '@homeroom/redis';
import { startFaultProxy, testRedis, waitFor, type FaultProxy } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { InjectOptions } from 'fastify';
import { testApp } from './app.ts';

let redis: Redis;
let url: string;
let keyPrefix: string;
const apps: ZodFastify[] = [];
let client = 0;

beforeAll(async () => {
  ({ sessionsUrl: url, keyPrefix } = await testRedis());
  redis = await connectRedis(url);
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});
afterAll(() => redis.disconnect());

async function limited(
  perMinute: string,
  limiter: Redis | undefined,
  env: Record<string, string> = {},
): Promise<ZodFastify> {
  const { app } = await testApp({
    env: { RATE_LIMIT_PER_MINUTE: perMinute, ...env },
    limiter,
    limiterPrefix: keyPrefix,
    routes: (server) => {
      server.get('/api/things/strict', { config: { rateLimit: { max: 2, timeWindow: 900_000 } } }, () => ({}));
    },
  });
  apps.push(app);
  return app;
}

/** An address that no test has used before. */
const newClient = (): string => `198.51.${Math.floor(++client / 250)}.${client % 250}`;

const ask = async (app: ZodFastify, remoteAddress: string, path = '/api/things'): Promise<number> =>
  (await app.inject({ url: path, remoteAddress })).statusCode;

async function statuses(app: ZodFastify, remoteAddress: string, times: number, path?: string): Promise<number[]> {
  const seen: number[] = [];
  for (let i = 0; i < times; i += 1) seen.push(await ask(app, remoteAddress, path));
  return seen;
}

const passed = (seen: number[]): number => seen.filter((status) => status === 200).length;

describe('100 a minute per address', () => {
  testWithSwitch(
    'the 101st is refused with 429 and a Retry-After',
    { name: 'RATE_LIMIT_PER_MINUTE', on: '100', off: '0', failure: /Expected: 100\n+Received: 101/ },
    async (perMinute) => {
      const app = await limited(perMinute, redis);
      const address = newClient();
      const seen = await statuses(app, address, 101);
      expect(passed(seen)).toBe(100);
      expect(seen.indexOf(429)).toBe(100);
      const refused = await app.inject({ url: '/api/things', remoteAddress: address });
      expect(refused.json()).toMatchObject({ code: 'rate_limited', status: 429 });
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(60);
    },
  );

  test('another address is not made to pay, and a whole IPv6 network is one client', async () => {
    const app = await limited('3', redis);
    const address = newClient();
    expect(passed(await statuses(app, address, 5))).toBe(3);
    expect(await ask(app, newClient())).toBe(200);
    const network = ['2001:db8:7::1', '2001:db8:7::2', '2001:db8:7:0:1::1', '2001:db8:7:0:ffff::9'];
    const seen: number[] = [];
    for (const neighbour of network) seen.push(await ask(app, neighbour));
    expect(seen).toEqual([200, 200, 200, 429]);
    expect(await ask(app, '2001:db8:7:1::1')).toBe(200);
  });

  test('two processes count together', async () => {
    const [one, other] = [await limited('100', redis), await limited('100', redis)];
    const address = newClient();
    const seen: number[] = [];
    for (let i = 0; i < 60; i += 1) seen.push(await ask(one, address), await ask(other, address));
    expect(passed(seen)).toBe(100);
  });

  test('a burst at both processes at once does not get more than the limit', async () => {
    const [one, other] = [await limited('50', redis), await limited('50', redis)];
    const address = newClient();
    const seen = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(i % 2 === 0 ? one : other, address)));
    expect(passed(seen)).toBeLessThanOrEqual(50);
    expect(passed(seen)).toBeGreaterThanOrEqual(45);
  });

  test('a burst at one process leaves what it did not use to the other, but for one lease', async () => {
    const [one, other] = [await limited('100', redis), await limited('100', redis)];
    const address = newClient();
    const burst = await Promise.all(Array.from({ length: 20 }, () => ask(one, address)));
    expect(passed(burst)).toBe(20);
    expect(passed(await statuses(other, address, 80))).toBeGreaterThanOrEqual(75);
  });

  test('asks Redis for a fifth of the requests at most', async () => {
    const app = await limited('1000', redis);
    const calls = async (): Promise<number> =>
      Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
    const address = newClient();
    await ask(app, address);
    const before = await calls();
    await statuses(app, address, 500);
    // the engine is shared: other suites may add a few
    expect((await calls()) - before).toBeLessThan(100);
  });

  test('a route may be stricter, and counts by itself', async () => {
    const app = await limited('100', redis);
    const address = newClient();
    expect(await statuses(app, address, 3, '/api/things/strict')).toEqual([200, 200, 429]);
    expect(await ask(app, address)).toBe(200);
  });

  test('guessing paths counts too, and probes do not', async () => {
    const app = await limited('3', redis);
    const address = newClient();
    expect(await statuses(app, address, 4, '/api/guess')).toEqual([404, 404, 404, 429]);
    expect(await statuses(app, address, 10, '/health/live')).toEqual(Array.from({ length: 10 }, () => 200));
  });
});

describe('S9: behind a gateway whose range holds clients too', () => {
  const gateway = '10.0.0.1';
  const client = '10.1.2.3';
  /** Requests with another forged entry each. */
  async function forging(app: ZodFastify, remoteAddress: string, appended: string): Promise<number[]> {
    const seen: number[] = [];
    for (let i = 1; i <= 4; i += 1) {
      const headers = { 'x-forwarded-for': `198.51.100.${i}, 10.9.9.${i}${appended}` };
      seen.push((await app.inject({ url: '/api/things', remoteAddress, headers })).statusCode);
    }
    return seen;
  }

  test('a client behind an appending proxy is counted as one', async () => {
    const app = await limited('3', undefined, { TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(await forging(app, gateway, `, ${client}`)).toEqual([200, 200, 200, 429]);
  });

  test('a client that comes past the gateway is counted by its own address, unless that is in the ranges', async () => {
    const app = await limited('3', undefined, { TRUSTED_PROXIES: '10.0.0.0/16' });
    expect(await forging(app, client, '')).toEqual([200, 200, 200, 429]);
    // the limit of the rule: keep ranges as narrow as the gateway's own addresses, and keep others from reaching the pods
    const wide = await limited('3', undefined, { TRUSTED_PROXIES: '10.0.0.0/8' });
    expect(await forging(wide, client, '')).toEqual([200, 200, 200, 200]);
  });
});

describe('without Redis', () => {
  let proxy: FaultProxy;
  let fragile: Redis;
  beforeAll(async () => {
    const { hostname, port } = new URL(url);
    proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
    fragile = await connectRedis(proxy.through(url), { commandTimeoutMs: 100 });
  });
  afterAll(async () => {
    fragile.disconnect();
    await proxy.close();
  });

  test('the process counts alone when it is down: the 101st is still refused, no caller gets an error', async () => {
    const app = await limited('100', fragile);
    proxy.refuse();
    const seen = await statuses(app, newClient(), 101);
    expect(passed(seen)).toBe(100);
    expect(seen.at(-1)).toBe(429);
    proxy.accept();
    await waitFor('Redis to be back', () => fragile.status === 'ready');
  });

  test('one slow answer is waited for, not one per request', async () => {
    const app = await limited('100', fragile);
    proxy.hang();
    const startedAt = performance.now();
    expect(passed(await statuses(app, newClient(), 50))).toBe(50);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    proxy.resume();
    await waitFor('Redis to be back', () => fragile.status === 'ready');
  });

  test('it was never there: the process counts alone', async () => {
    const app = await limited('5', undefined);
    expect(await statuses(app, newClient(), 6)).toEqual([200, 200, 200, 200, 200, 429]);
  });
});

describe('S14: refused requests count', () => {
  test.each<[string, InjectOptions]>([
    [
      'from a foreign origin',
      { method: 'POST', url: '/api/things', headers: { cookie: 'a=b', origin: 'https://evil.example' } },
    ],
    ['for a URL that cannot be read', { url: '/api/things/%ff' }],
    ['with a NUL byte', { url: '/api/things/%00' }],
    ['for a path that there is not', { url: '/api/nothing' }],
    ['for another method', { method: 'DELETE', url: '/api/things' }],
    ['with an encoding', { method: 'POST', url: '/api/things', headers: { 'content-encoding': 'gzip' } }],
  ])('%s', async (_what, request) => {
    const { app } = await testApp({ env: { RATE_LIMIT_PER_MINUTE: '3' } });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n++) statuses.push((await app.inject(request)).statusCode);
    statuses.push((await app.inject('/api/things')).statusCode);
    await app.close();
    expect(statuses.slice(0, 3).every((status) => status >= 400 && status !== 429)).toBe(true);
    expect(statuses.slice(3)).toEqual([429, 429]);
  });
});
