import { openKafka } from '@homeroom/kafka';
import { topics, type DomainEvent } from '@homeroom/contracts';
import {
  createTestDatabase,
  testKafkaBrokers,
  startFaultProxy,
  type FaultProxy,
  testRedis,
  testTopicPrefix,
  waitFor,
  type TestDatabase,
} from '@homeroom/testing';
import { migrate } from '@homeroom/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { registrationOf } from './app.ts';

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly address?: string;
  readonly port?: number;
  readonly stderr?: string;
}

interface Running {
  readonly process: ChildProcess;
  /** Its log, parsed. */
  readonly log: LogLine[];
}

const topicPrefix = testTopicPrefix();
const running: Running[] = [];
let database: TestDatabase;
let redisUrl: string;
beforeAll(async () => {
  database = await createTestDatabase('families');
  redisUrl = (await testRedis()).sessionsUrl;
});
afterAll(async () => {
  for (const { process } of running)
    if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL');
  await database.drop();
});

function start(file: 'api.ts' | 'worker.ts', env: Record<string, string> = {}): Running {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', path], {
    env: {
      PATH: String(process.env['PATH']),
      DATABASE_URL: database.url,
      DATABASE_REPLICA_URLS: database.replicaUrl,
      REDIS_SESSIONS_URL: redisUrl,
      CURSOR_SECRET: 'a secret for tests only',
      ACCOUNT_TOKEN_SECRET: 'a token secret for tests',
      KAFKA_BROKERS: testKafkaBrokers().join(','),
      TOPIC_PREFIX: topicPrefix,
      PORT: '0',
      LOG_FORMAT: 'json',
      // what is waited for is asked for again and again
      RATE_LIMIT_PER_MINUTE: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  createInterface(child.stdout).on('line', (line) => log.push(JSON.parse(line)));
  createInterface(child.stderr).on('line', (line) => log.push({ stderr: line }));
  const started = { process: child, log };
  running.push(started);
  return started;
}

const said = ({ process, log }: Running, message: string) =>
  waitFor(`“${message}” in ${JSON.stringify(log.slice(-5))}`, () => {
    if (process.exitCode !== null) throw new Error(`exited ${process.exitCode}: ${JSON.stringify(log)}`);
    return log.find(({ msg }) => msg === message);
  });

async function stop({ process }: Running): Promise<number | null> {
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  return ((await exited) as [number | null])[0];
}

const post = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

test('what the API registers, the worker publishes with the request’s trace, and both stop in order', async () => {
  const [api, worker] = [start('api.ts'), start('worker.ts')];
  await said(worker, 'running');
  const { address } = await said(api, 'listening');
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
    await fetch(`http://127.0.0.1:${(await said(api, 'health and metrics')).port}/metrics`)
  ).text();
  expect(metrics).toMatch(/db_query_seconds_count\{[^}]*name="insert_families"/);
  expect(await Promise.all([stop(api), stop(worker)])).toEqual([0, 0]);
  for (const { log } of [api, worker])
    expect(log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
}, 60_000);

test('the API stops in order while Redis is away', async () => {
  const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: Number(new URL(redisUrl).port) } });
  try {
    const api = start('api.ts', { REDIS_SESSIONS_URL: `redis://127.0.0.1:${proxy.port}` });
    await said(api, 'listening');
    proxy.refuse();
    proxy.cut();
    await said(api, 'redis error');
    expect(await stop(api)).toBe(0);
  } finally {
    await proxy.close();
  }
}, 30_000);

describe('a start while an engine is away', () => {
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
      behindProxy(Number(new URL(redisUrl).port), async (proxy) => {
        const api = start('api.ts', { REDIS_SESSIONS_URL: `redis://127.0.0.1:${proxy.port}` });
        const { address } = await said(api, 'listening');
        const registration = registrationOf();
        const { email, password } = registration.guardian;
        const signIn = async (): Promise<number> => (await post(`${address}/api/sessions`, { email, password })).status;
        expect((await post(`${address}/api/families`, registration)).status).toBe(201);
        expect(await signIn()).toBe(503);
        proxy.accept();
        await waitFor('a session', async () => (await signIn()) === 201, { everyMs: 250 });
        expect(await stop(api)).toBe(0);
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
          const { address } = await said(api, 'listening');
          expect((await post(`${address}/api/families`, registrationOf())).status).toBe(201);
          const { port } = await said(worker, 'health and metrics');
          const counted = async (what: string): Promise<number> => {
            const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
            return Number(new RegExp(`^outbox_${what}_total\\S* (\\d+)`, 'm').exec(metrics)?.[1] ?? 0);
          };
          await said(worker, 'running');
          await waitFor('the check of Kafka', async () => {
            const response = await fetch(`http://127.0.0.1:${port}/health/ready`);
            const { checks } = (await response.json()) as { checks: Record<string, { state: string }> };
            expect(response.status).toBe(200);
            return checks['kafka']?.state === 'down';
          });
          expect(await counted('published')).toBe(0);
          proxy.accept();
          await waitFor('the family and its mail at the broker', async () => (await counted('published')) === 2);
          expect(await Promise.all([stop(api), stop(worker)])).toEqual([0, 0]);
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
  const startEarly = (waitMs: number): Running =>
    start('api.ts', { DATABASE_URL: unmigrated.url, DATABASE_REPLICA_URLS: '', SCHEMA_WAIT_MS: String(waitMs) });

  test('waits, is alive and not yet started, and serves when they are applied', async () => {
    const api = startEarly(30_000);
    await said(api, 'waiting for the database');
    const { port } = await said(api, 'health and metrics');
    const probe = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    expect(await Promise.all(['/health/startup', '/health/ready', '/health/live'].map(probe))).toEqual([503, 503, 200]);
    await migrate({ url: unmigrated.url, directory: new URL('../migrations/', import.meta.url) });
    await said(api, 'listening');
    await waitFor('ready', async () => (await probe('/health/ready')) === 200);
    expect(await stop(api)).toBe(0);
  }, 60_000);

  test('stops in order while it waits', async () => {
    const api = startEarly(30_000);
    await said(api, 'waiting for the database');
    expect(await stop(api)).toBe(0);
    expect(api.log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  }, 30_000);

  test('is refused at once where nothing is waited for', async () => {
    const api = startEarly(0);
    const [code] = (await once(api.process, 'close')) as [number];
    expect(code).toBe(1);
    expect(JSON.stringify(api.log)).toContain('The database lacks 0001_families');
  }, 30_000);
});

test('a process without its configuration names every mistake and exits 78', async () => {
  const api = start('api.ts', { DATABASE_URL: 'mysql://x', CURSOR_SECRET: 'short', REDIS_SESSIONS_URL: '' });
  const [code] = (await once(api.process, 'close')) as [number];
  expect(code).toBe(78);
  const complaints = api.log.map(({ stderr }) => stderr).join('\n');
  for (const name of ['DATABASE_URL', 'CURSOR_SECRET', 'REDIS_SESSIONS_URL']) expect(complaints).toContain(name);
});

test('a process refuses to start when all pools together are more than the server takes', async () => {
  const api = start('api.ts', { DATABASE_CONNECTIONS_PLANNED: '100000' });
  const [code] = (await once(api.process, 'close')) as [number];
  expect(code).toBe(1);
  expect(JSON.stringify(api.log)).toContain('max_connections');
});
