import { connectRedis, type Redis } from '@homeroom/redis';
import { topics, type DomainEvent } from '@homeroom/contracts';
import { openKafka, type Kafka } from '@homeroom/kafka';
import { append, createRelay } from '@homeroom/outbox';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { testKafkaBrokers, testRedis, testTopicPrefix, waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { v7 as uuidv7 } from 'uuid';
import { aFamily, pottery, startHarness, webhookSecret, type Harness } from './harness.ts';
import { TestProvider } from './payments/test-provider.ts';

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly address?: string;
  readonly port?: number;
  readonly group?: string;
  readonly stderr?: string;
}
interface Running {
  readonly process: ChildProcess;
  readonly log: LogLine[];
}

const topicPrefix = testTopicPrefix();
const running: Running[] = [];
const provider = new TestProvider();
let harness: Harness;
let kafka: Kafka;
let sessions: SessionStore;
let env: Record<string, string>;
let redis: Redis;
beforeAll(async () => {
  harness = await startHarness();
  const { sessionsUrl, cacheUrl } = await testRedis();
  redis = await connectRedis(sessionsUrl, { commandTimeoutMs: 5_000 });
  sessions = openSessions({ redis });
  kafka = openKafka({ brokers: testKafkaBrokers(), clientId: 'enrollment-test', topicPrefix });
  env = {
    PATH: String(process.env['PATH']),
    DATABASE_URL: harness.database.url,
    DATABASE_REPLICA_URLS: harness.database.replicaUrl,
    REDIS_SESSIONS_URL: sessionsUrl,
    REDIS_CACHE_URL: cacheUrl,
    CURSOR_SECRET: 'a secret for tests only',
    PAYMENT_WEBHOOK_SECRET: webhookSecret,
    PAYMENT_URL: await provider.listen(),
    KAFKA_BROKERS: testKafkaBrokers().join(','),
    TOPIC_PREFIX: topicPrefix,
    PORT: '0',
    LOG_FORMAT: 'json',
    CLASS_L2_TTL_SECONDS: '600',
    // polling would exceed a rate limit
    RATE_LIMIT_PER_MINUTE: '0',
  };
});
afterAll(async () => {
  for (const { process } of running)
    if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL');
  redis.disconnect();
  await Promise.all([kafka.close(), provider.close()]);
  await harness.close();
});

function start(file: 'api.ts' | 'worker.ts', change: Record<string, string> = {}): Running {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', path], {
    env: { ...env, ...change },
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
  waitFor(
    `“${message}” in ${JSON.stringify(log.slice(-5))}`,
    () => {
      if (process.exitCode !== null) throw new Error(`exited ${process.exitCode}: ${JSON.stringify(log)}`);
      return log.find(({ msg }) => msg === message);
    },
    { timeoutMs: 30_000 },
  );

async function stop({ process }: Running): Promise<number | null> {
  const exited = once(process, 'exit');
  process.kill('SIGTERM');
  return ((await exited) as [number | null])[0];
}

/** Publishes a family as its own service would. */
async function publish(event: DomainEvent): Promise<void> {
  const stopping = new AbortController();
  await kafka.ensureTopics([{ topic: topics.family, partitions: 1 }]);
  const relay = createRelay({
    url: harness.database.url,
    producer: await kafka.producer(),
    lockName: 'test',
    pollMs: { min: 5, max: 20 },
  });
  await append(harness.db, event);
  const working = relay.run(stopping.signal);
  await waitFor('the event to be out', async () => (await harness.rows('select from outbox')).length === 0);
  stopping.abort();
  await working;
}

test('from a family’s event to a confirmed seat: API and worker work together, and stop in order', async () => {
  // the longest wait that there is: this machine may be busy
  const api = start('api.ts', { ENROLL_WAIT_FOR_FAMILY_MS: '10000' });
  const worker = start('worker.ts');
  await said(worker, 'running');
  const { address } = await said(api, 'listening');
  // it consumes from now on: earlier events invalidate nothing
  await waitFor(
    'the cache’s consumer',
    () => worker.log.some(({ msg, group }) => msg === 'joined' && group === 'enrollment-cache'),
    { timeoutMs: 30_000 },
  );
  const { port } = await said(worker, 'health and metrics');
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const { token } = await sessions.create({ accountId: uuidv7(), role: 'coordinator' });
  const call = async (method: string, path: string, payload?: object) => {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: { cookie: `homeroom=${token}`, ...(payload && { 'content-type': 'application/json' }) },
      ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const family = aFamily();
  const childId = family.children[0]!.childId;
  const { body: opened } = await call('POST', '/api/classes', { ...pottery, capacity: 1 });
  const seat = { classId: opened['id'], childId };
  await waitFor(
    'the consumer of families',
    () => worker.log.some(({ msg, group }) => msg === 'joined' && group === 'enrollment'),
    {
      timeoutMs: 30_000,
    },
  );
  // D13: the first attempt, sent before the family is known here
  const firstTry = call('POST', '/api/enrollments', seat);
  await publish({
    id: uuidv7(),
    type: 'homeroom.family.registered.v1',
    source: '/families',
    subject: family.familyId,
    time: new Date(),
    data: family,
  });
  const { status, body: made } = await firstTry;
  expect([status, made['status']]).toEqual([201, 'payment_pending']);
  await waitFor('the confirmed seat', async () => {
    const { body } = await call('GET', `/api/enrollments/${String(made['id'])}`);
    return body['status'] === 'enrolled';
  });
  expect(provider.capturedCents()).toBe(14_500);

  await waitFor('the cache’s consumer to hear of it', async () =>
    /^kafka_consumed_total\{[^}]*group="enrollment-cache"[^}]*\} [1-9]/m.test(await metrics()),
  );
  // cached for ten minutes in Redis, and visible at once nevertheless
  expect((await call('GET', `/api/classes/${String(opened['id'])}`)).body['seatsLeft']).toBe(0);
  expect((await call('DELETE', `/api/enrollments/${String(made['id'])}`)).body).toMatchObject({ refundCents: 14_500 });
  await waitFor(
    'the free seat to be seen',
    async () => (await call('GET', `/api/classes/${String(opened['id'])}`)).body['seatsLeft'] === 1,
  );
  await waitFor('the money to go back', () => provider.refundedCents() === 14_500);
  await waitFor('the outbox to be empty', async () => (await harness.rows('select from outbox')).length === 0);

  expect(await metrics()).toMatch(/charges_settled_total\{[^}]*as="charged"[^}]*\} 1/);
  expect(await Promise.all([stop(api), stop(worker)])).toEqual([0, 0]);
  for (const { log } of [api, worker])
    expect(log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
}, 90_000);

test('D13: control: an API that does not wait refuses a child whose event has not arrived', async () => {
  const api = start('api.ts', { ENROLL_WAIT_FOR_FAMILY_MS: '0' });
  const { address } = await said(api, 'listening');
  const { id: classId } = await harness.openClass();
  const family = aFamily();
  const { token } = await sessions.create({ accountId: uuidv7(), role: 'guardian', familyId: family.familyId });
  const response = await fetch(`${address}/api/enrollments`, {
    method: 'POST',
    headers: { cookie: `homeroom=${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ classId, childId: family.children[0]!.childId }),
  });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([409, 'family_not_ready']);
  expect(await stop(api)).toBe(0);
}, 60_000);

test('a process without its configuration names every mistake and exits 78', async () => {
  const worker = start('worker.ts', { PAYMENT_URL: 'ftp://x', DATABASE_URL: '', PAYMENT_CONCURRENCY: 'many' });
  const [code] = (await once(worker.process, 'close')) as [number];
  expect(code).toBe(78);
  const complaints = worker.log.map(({ stderr }) => stderr).join('\n');
  for (const name of ['PAYMENT_URL', 'DATABASE_URL', 'PAYMENT_CONCURRENCY']) expect(complaints).toContain(name);
});

test('the API answers while Kafka, the cache, and the payment provider are down', async () => {
  const api = start('api.ts', { REDIS_CACHE_URL: 'redis://127.0.0.1:1' });
  const { address } = await said(api, 'listening');
  const { id: classId } = await harness.openClass();
  const [child] = await harness.children(1);
  const { token } = await sessions.create({ accountId: uuidv7(), role: 'guardian', familyId: child!.familyId });
  const response = await fetch(`${address}/api/enrollments`, {
    method: 'POST',
    headers: { cookie: `homeroom=${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ classId, childId: child!.id }),
  });
  expect(response.status).toBe(201);
  expect((await fetch(`${address}/api/classes/${classId}`)).status).toBe(200);
  expect(await stop(api)).toBe(0);
}, 60_000);
