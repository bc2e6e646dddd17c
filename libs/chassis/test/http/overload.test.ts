import { chassisProblem, type ZodFastify } from '@homeroom/chassis';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterEach, describe, expect, test } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { portOf, raw } from './raw.ts';
import { testApp, type TestApp } from './app.ts';

let things: TestApp;
let release: () => void;
let inProgress: number;
let listeners = 0;
afterEach(async () => {
  release();
  await things.app.close();
});

async function slowApp(env: Record<string, string>): Promise<ZodFastify> {
  const gate = new Promise<void>((resolve) => (release = resolve));
  inProgress = 0;
  things = await testApp({
    env,
    routes: (app) => {
      app.get('/api/things/slow', async () => {
        inProgress += 1;
        await gate;
        return {};
      });
      app.get('/api/things/stream', { config: { stream: true } }, async (request, reply) => {
        if (request.headers.cookie === undefined) throw chassisProblem('unauthenticated');
        listeners += 1;
        const listening = new PassThrough();
        void gate.then(() => listening.end());
        return reply.header('content-type', 'text/event-stream').send(listening);
      });
    },
  });
  return things.app;
}

const slow = (app: ZodFastify, count: number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, async () => (await app.inject('/api/things/slow')).statusCode));

describe('more requests than a process can hold', () => {
  testWithSwitch(
    'get a fast 503 with Retry-After, and those in progress their answer',
    { name: 'MAX_IN_FLIGHT', on: '10', off: '0', failure: /Expected: 503\n+Received: 200/ },
    async (most) => {
      const app = await slowApp({ MAX_IN_FLIGHT: most });
      const answers = slow(app, 10);
      await waitFor('10 requests in progress', () => inProgress === 10);
      const refused = await app.inject('/api/things');
      expect(refused.statusCode).toBe(503);
      expect(refused.json()).toMatchObject({ code: 'overloaded' });
      expect(refused.headers['retry-after']).toBe('1');
      expect((await app.inject('/health/live')).statusCode).toBe(200);
      release();
      expect(await answers).toEqual(Array.from({ length: 10 }, () => 200));
      await waitFor('room again', async () => (await app.inject('/api/things')).statusCode === 200);
    },
  );

  test('clients that disconnect without waiting free their place', async () => {
    const app = await slowApp({ MAX_IN_FLIGHT: '3' });
    await app.listen({ host: '127.0.0.1', port: 0 });
    await Promise.all(
      Array.from({ length: 3 }, () =>
        raw(portOf(app), (socket) => {
          socket.write('GET /api/things/slow HTTP/1.1\r\nHost: a\r\n\r\n');
          setTimeout(() => socket.destroy(), 50);
        }),
      ),
    );
    await waitFor('room again', async () => (await app.inject('/api/things')).statusCode === 200);
    await waitFor('a line for each', () => things.lines.filter(({ status }) => status === 499).length === 3);
    release();
  });
});

describe('streams', () => {
  const listen = (app: ZodFastify, count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        // inject asks only when it is awaited
        await app.inject({ url: '/api/things/stream', headers: { cookie: 'a=b' } });
      }),
    );
  const latencies = (): Promise<string> => things.metrics.registry.metrics();

  test('take no room from requests, and their duration is not counted as latency', async () => {
    const app = await slowApp({ MAX_IN_FLIGHT: '3' });
    const streams = listen(app, 10);
    await waitFor('the streams to open', () => listeners === 10);
    for (let asked = 0; asked < 10; asked++) expect((await app.inject('/api/things')).statusCode).toBe(200);
    release();
    await streams;
    expect(things.lines.filter(({ route }) => route === '/api/things/stream')).toHaveLength(10);
    expect(await latencies()).not.toContain('stream');
    expect((await app.inject('/api/things')).statusCode).toBe(200);
  });

  test('that are refused are requests like any other', async () => {
    const app = await slowApp({});
    expect((await app.inject('/api/things/stream')).statusCode).toBe(401);
    expect(await latencies()).toMatch(/duration_seconds_count\{[^}]*stream[^}]*401[^}]*\} 1/);
  });
});

describe('an event loop that lags', () => {
  const lag = (app: ZodFastify): Promise<number> => {
    const block = (): void => {
      const until = performance.now() + 80;
      while (performance.now() < until);
    };
    const blocking = setInterval(block, 0);
    return waitFor('an answer', async () => {
      const { statusCode } = await app.inject('/api/things');
      return (statusCode === 503 || things.lines.length > 20) && statusCode;
    }).finally(() => clearInterval(blocking));
  };

  testWithSwitch(
    'sheds load, and takes it again when it has caught up',
    { name: 'MAX_EVENT_LOOP_DELAY_MS', on: '40', off: '0', failure: /Expected: 503\n+Received: 200/ },
    async (mostMs) => {
      const app = await slowApp({ MAX_EVENT_LOOP_DELAY_MS: mostMs });
      expect(await lag(app)).toBe(503);
      await waitFor('calm', async () => (await app.inject('/api/things')).statusCode === 200);
    },
  );
});
