import { topics, type DomainEvent } from '@homeroom/contracts';
import { openKafka } from '@homeroom/kafka';
import { migrate } from '@homeroom/postgres';
import {
  Closing,
  createTestDatabase,
  openServiceEngines,
  serviceEnvironment,
  startFaultProxy,
  startProgram,
  testKafkaBrokers,
  testTopicPrefix,
  waitFor,
  type FaultProxy,
  type Program,
  type ServiceEngines,
  type TestDatabase,
} from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { saveCoordinator } from '../src/accounts/store.ts';
import { openPasswords } from '../src/credentials/passwords.ts';
import { password, registrationOf } from './harness.ts';

const topicPrefix = testTopicPrefix();
const perTest = new Closing();
let engines: ServiceEngines;
beforeAll(async () => {
  engines = await openServiceEngines('families', { replica: true });
});
afterEach(() => perTest.closeAll());
afterAll(() => engines.close());

const start = (file: 'api.ts' | 'worker.ts', change: Record<string, string> = {}): Program => {
  const env = {
    ...serviceEnvironment(engines),
    ACCOUNT_TOKEN_SECRET: 'a token secret for tests',
    // counted for an hour, in a Redis that later runs find again
    ACCOUNT_MAILS_PER_MAILBOX: '0',
    ACCOUNT_MAILS_PER_ADDRESS: '0',
    TOPIC_PREFIX: topicPrefix,
    ...change,
  };
  return perTest.add(startProgram(new URL(`../src/${file}`, import.meta.url), { env }), (it) => it.stop('SIGKILL'));
};

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('the import of a worker that is killed goes on in another, and no family comes twice', async () => {
  const rows = Array.from(
    { length: 700 },
    (_, n) => `imported-${n}@example.org,G,F,${n < 500 ? '' : `long word ${n}`}`,
  );
  const api = start('api.ts');
  const { address } = await api.logged('listening');
  const email = 'desk@example.org';
  const passwordHash = await openPasswords({ secret: '', concurrent: 1, queued: 0 }).hash(password);
  await saveCoordinator(engines.db, { id: randomUUID(), email, name: 'Robin', passwordHash });
  const signedIn = await post(`${address}/api/sessions`, { email, password });
  const coordinator = { cookie: String(signedIn.headers.get('set-cookie')).split(';')[0] ?? '' };
  const sent = await fetch(`${address}/api/families/import`, {
    method: 'POST',
    headers: { ...coordinator, 'content-type': 'text/csv' },
    body: ['guardian_email,guardian_name,family_name,password', ...rows].join('\n'),
  });
  expect(sent.status).toBe(202);
  const url = `${address}${sent.headers.get('location')}`;
  const find = async () =>
    (await (await fetch(url, { headers: coordinator })).json()) as {
      status: string;
      progress: { rows: number };
      report?: { created: number; unchanged: number };
    };
  const killed = start('worker.ts', { IMPORT_LEASE_MS: '2000' });
  // the second batch has passwords, which take seconds
  await waitFor('the first batch', async () => (await find()).progress.rows === 500, { everyMs: 20 });
  await killed.stop('SIGKILL');
  expect(await find()).toMatchObject({ status: 'running', progress: { rows: 500 } });
  start('worker.ts');
  const done = await waitFor('the report', async () => (await find()).report, { timeoutMs: 60_000 });
  expect(done).toMatchObject({ created: 700, unchanged: 0 });
  expect(await engines.rows(`select attempts from import_jobs`)).toEqual([{ attempts: 2 }]);
  expect(await engines.rows(`select count(*)::int from accounts where email_address like 'imported-%'`)).toEqual([
    { count: 700 },
  ]);
}, 120_000);

test('what the API registers, the worker publishes with the request’s trace, and both stop in order', async () => {
  const [api, worker] = [start('api.ts'), start('worker.ts')];
  await worker.logged('running');
  const { address } = await api.logged('listening');
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const response = await post(`${address}/api/families`, registrationOf(), {
    traceparent: `00-${traceId}-b7ad6b7169203331-01`,
  });
  const family = (await response.json()) as { id: string };
  expect(response.status).toBe(201);

  const kafka = openKafka({ brokers: testKafkaBrokers(), clientId: 'families-test', topicPrefix });
  try {
    const events: DomainEvent[] = [];
    await kafka.consume({
      group: 'families-test',
      topics: [topics.family],
      handlers: { 'homeroom.family.registered.v1': async (event) => void events.push(event) },
    });
    const event = await waitFor('the event', () => events.find(({ subject }) => subject === family.id));
    expect(event).toMatchObject({ source: '/families', data: { familyId: family.id, version: 1 } });
    expect(event.traceparent).toContain(traceId);
  } finally {
    await kafka.close();
  }
  const metrics = await (
    await fetch(`http://127.0.0.1:${(await api.logged('health and metrics')).port}/metrics`)
  ).text();
  expect(metrics).toMatch(/db_query_seconds_count\{[^}]*name="insert_families"/);
  expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  for (const process of [api, worker]) expect(process.errors()).toEqual([]);
}, 60_000);

test('the API stops in order while Redis is unavailable', async () => {
  const proxy = await startFaultProxy({
    target: { host: '127.0.0.1', port: Number(new URL(engines.sessionsUrl).port) },
  });
  try {
    const api = start('api.ts', { REDIS_SESSIONS_URL: `redis://127.0.0.1:${proxy.port}` });
    await api.logged('listening');
    proxy.refuse();
    proxy.cut();
    await api.logged('redis error');
    expect(await api.stop()).toBe(0);
  } finally {
    await proxy.close();
  }
}, 30_000);

describe('a start while an engine is unavailable', () => {
  const behindProxy = async (port: number, use: (proxy: FaultProxy) => Promise<void>): Promise<void> => {
    const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port } });
    proxy.refuse();
    try {
      await use(proxy);
    } finally {
      await proxy.close();
    }
  };

  test(
    'of Redis: families register, and sign in when it is back',
    () =>
      behindProxy(Number(new URL(engines.sessionsUrl).port), async (proxy) => {
        const api = start('api.ts', { REDIS_SESSIONS_URL: `redis://127.0.0.1:${proxy.port}` });
        const { address } = await api.logged('listening');
        const registration = registrationOf();
        const { email, password } = registration.guardian;
        const signIn = async (): Promise<number> => (await post(`${address}/api/sessions`, { email, password })).status;
        expect((await post(`${address}/api/families`, registration)).status).toBe(201);
        expect(await signIn()).toBe(503);
        proxy.accept();
        await waitFor('a session', async () => (await signIn()) === 201, { everyMs: 250 });
        expect(await api.stop()).toBe(0);
      }),
    60_000,
  );

  test(
    'of Kafka: the worker runs, and publishes when it is back',
    () =>
      behindProxy(Number(testKafkaBrokers()[0]!.split(':')[1]), async (proxy) => {
        const own = await createTestDatabase('families');
        try {
          const env = { DATABASE_URL: own.url, DATABASE_REPLICA_URLS: '', KAFKA_BROKERS: `127.0.0.1:${proxy.port}` };
          const [api, worker] = [start('api.ts', env), start('worker.ts', env)];
          const { address } = await api.logged('listening');
          expect((await post(`${address}/api/families`, registrationOf())).status).toBe(201);
          const { port } = await worker.logged('health and metrics');
          const counted = async (what: string): Promise<number> => {
            const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
            return Number(new RegExp(`^outbox_${what}_total\\S* (\\d+)`, 'm').exec(metrics)?.[1] ?? 0);
          };
          await worker.logged('running');
          await waitFor('the check of Kafka', async () => {
            const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
            const { checks } = (await response.json()) as { checks: Record<string, { state: string }> };
            expect(response.status).toBe(200);
            return checks['kafka']?.state === 'down';
          });
          expect(await counted('published')).toBe(0);
          proxy.accept();
          await waitFor('the family and its mail at the broker', async () => (await counted('published')) === 2);
          expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
        } finally {
          await own.drop();
        }
      }),
    90_000,
  );
});

describe('a start before the migrations', () => {
  let unmigrated: TestDatabase;
  beforeEach(async () => {
    unmigrated = await createTestDatabase({ migrations: [] });
  });
  afterEach(() => unmigrated.drop());
  const startEarly = (waitMs: number): Program =>
    start('api.ts', { DATABASE_URL: unmigrated.url, DATABASE_REPLICA_URLS: '', SCHEMA_WAIT_MS: String(waitMs) });

  testWithSwitch(
    'waits, is alive and not yet started, and serves when they are applied',
    { name: 'SCHEMA_WAIT_MS', on: 30_000, off: 0, failure: /ended with 1:[^]*The database lacks 0001_families/ },
    async (waitMs) => {
      const api = startEarly(waitMs);
      await api.logged('waiting for the database');
      const { port } = await api.logged('health and metrics');
      const probe = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
      expect(await Promise.all(['/health/startup', '/health/ready', '/health/live'].map(probe))).toEqual([
        503, 503, 200,
      ]);
      await migrate({ url: unmigrated.url, directory: new URL('../migrations/', import.meta.url) });
      await api.logged('listening');
      await waitFor('ready', async () => (await probe('/health/ready')) === 200);
      expect(await api.stop()).toBe(0);
    },
    60_000,
  );

  test('stops in order while it waits', async () => {
    const api = startEarly(30_000);
    await api.logged('waiting for the database');
    expect(await api.stop()).toBe(0);
    expect(api.errors()).toEqual([]);
  }, 30_000);
});

test('a process without its configuration names every mistake and exits 78', async () => {
  const api = start('api.ts', { DATABASE_URL: 'mysql://x', CURSOR_SECRET: 'short', REDIS_SESSIONS_URL: '' });
  const { code, err } = await api.ended;
  expect(code).toBe(78);
  for (const name of ['DATABASE_URL', 'CURSOR_SECRET', 'REDIS_SESSIONS_URL']) expect(err).toContain(name);
});

test('a process refuses to start when all pools together are more than the server takes', async () => {
  const api = start('api.ts', { DATABASE_CONNECTIONS_PLANNED: '100000' });
  const { code, out } = await api.ended;
  expect(code).toBe(1);
  expect(out).toContain('max_connections');
});
