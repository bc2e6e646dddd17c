import { eventTypes, examples, firstCoopId, type NewEvent } from '@homeroom/contracts';
import { lockCoops, saveCoop } from '@homeroom/coops';
import { openKafka, type Kafka } from '@homeroom/kafka';
import { append, createRelay } from '@homeroom/outbox';
import { openSessions, type Principal } from '@homeroom/sessions';
import {
  Closing,
  serviceEnvironment,
  startProgram,
  testKafkaBrokers,
  testTopicPrefix,
  waitFor,
  type Program,
} from '@homeroom/testing';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { aFamily, pottery, startHarness, webhookSecret, type Harness } from './harness.ts';
import { TestProvider } from './payments/test-provider.ts';

const topicPrefix = testTopicPrefix();
const perTest = new Closing();
const provider = new TestProvider();
let harness: Harness;
let kafka: Kafka;
let env: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness({ replica: true });
  kafka = openKafka({ brokers: testKafkaBrokers(), clientId: 'enrollment-test', topicPrefix });
  env = {
    ...serviceEnvironment(harness),
    PAYMENT_WEBHOOK_SECRET: webhookSecret,
    PAYMENT_URL: await provider.listen(),
    TOPIC_PREFIX: topicPrefix,
    CLASS_L2_TTL_SECONDS: '600',
  };
});
afterEach(() => perTest.closeAll());
afterAll(async () => {
  await Promise.all([kafka.close(), provider.close()]);
  await harness.close();
});

const start = (file: 'api.ts' | 'worker.ts', change: Record<string, string> = {}): Program =>
  perTest.add(startProgram(new URL(`../src/${file}`, import.meta.url), { env: { ...env, ...change } }), (it) =>
    it.stop('SIGKILL'),
  );

/** The processes' own sessions: they put no prefix before their keys. */
async function cookieOf(principal: Principal): Promise<string> {
  const { token } = await openSessions({ redis: harness.redis }).create(principal);
  return `homeroom=${token}`;
}

/** Sends a request, with a body as JSON. */
async function send(
  url: string,
  { method = 'POST', cookie, payload }: { method?: string; cookie: string; payload?: object | undefined },
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    method,
    headers: { cookie, ...(payload && { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Publishes a family or a co-op as its own service would. */
async function publish(event: NewEvent): Promise<void> {
  const stopping = new AbortController();
  await kafka.ensureTopics([{ topic: eventTypes[event.type].topic, partitions: 1 }]);
  const relay = createRelay({
    url: harness.testDatabase.url,
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
  await worker.logged('running');
  const { address } = await api.logged('listening');
  const joined = (name: string): Promise<unknown> =>
    worker.logged(({ msg, group }) => msg === 'joined' && group === name);
  // it consumes from now on: earlier events invalidate nothing
  await joined('enrollment-cache');
  const { port } = await worker.logged('health and metrics');
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const cookie = await cookieOf({ accountId: uuidv7(), role: 'coordinator', coopId: firstCoopId });
  const call = (method: string, path: string, payload?: object) =>
    send(`${address}${path}`, { method, cookie, payload });

  const family = aFamily();
  const childId = family.children[0]!.childId;
  const { body: opened } = await call('POST', '/api/classes', { ...pottery, capacity: 1 });
  const seat = { classId: opened['id'], childId };
  await joined('enrollment');
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

  await waitFor('the cache’s consumer to process an event', async () =>
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
  expect(await Promise.all([api.stop(), worker.stop()])).toEqual([0, 0]);
  for (const process of [api, worker]) expect(process.errors()).toEqual([]);
}, 90_000);

test('a worker that is killed while it cancels a class leaves nothing undone and does nothing twice', async () => {
  const { id: classId } = await harness.openClass({ capacity: 60, priceCents: 0 });
  const coordinator = await harness.coordinator();
  for (const child of await harness.children(60)) await harness.enroll(child, classId, coordinator);
  const count = async (): Promise<number> =>
    (await harness.rows(`select from enrollments where class_id = $1 and status = 'cancelled'`, classId)).length;
  const [inTheMiddle] = await harness.rows<{ id: string }>(
    'select enrollment_id as id from enrollments where class_id = $1 order by enrollment_id offset 30 limit 1',
    classId,
  );
  const url = `/api/classes/${classId}/cancel`;
  const payload = { reason: 'Too few children' };
  await harness.app.inject({ method: 'POST', url, headers: coordinator, payload });
  // the second page waits for this lock when the worker dies
  await harness.database.transaction(async (trx) => {
    await trx.query({
      name: 'test_hold',
      text: 'select from enrollments where enrollment_id = $1 for update',
      values: [inTheMiddle?.id],
    });
    const worker = start('worker.ts');
    await waitFor('the first page', async () => (await count()) > 0, { timeoutMs: 60_000 });
    expect(await count()).toBe(25);
    await worker.stop('SIGKILL');
  });
  const next = start('worker.ts');
  await waitFor('the rest', async () => (await count()) === 60, { timeoutMs: 60_000 });
  await waitFor('the job to end', async () => (await harness.rows('select from class_jobs')).length === 0);
  const entries = `select from enrollment_events where type = 'cancelled' and (data ->> 'classId')::uuid = $1`;
  expect(await harness.rows(entries, classId)).toHaveLength(60);
  expect(await harness.rows('select from classes where class_id = $1 and taken = 0', classId)).toHaveLength(1);
  expect(await next.stop()).toBe(0);
}, 180_000);

test('D13: control: an API that does not wait refuses a child whose event has not arrived', async () => {
  const api = start('api.ts', { ENROLL_WAIT_FOR_FAMILY_MS: '0' });
  const { address } = await api.logged('listening');
  const { id: classId } = await harness.openClass();
  const { familyId, children } = aFamily();
  const cookie = await cookieOf({ accountId: uuidv7(), role: 'guardian', coopId: firstCoopId, familyId });
  const payload = { classId, childId: children[0]!.childId };
  const { status, body } = await send(`${address}/api/enrollments`, { cookie, payload });
  expect([status, body['code']]).toEqual([409, 'family_not_ready']);
  expect(await api.stop()).toBe(0);
}, 60_000);

test('a process without its configuration names every mistake and exits 78', async () => {
  const worker = start('worker.ts', { PAYMENT_URL: 'ftp://x', DATABASE_URL: '', PAYMENT_CONCURRENCY: 'many' });
  const { code, err } = await worker.ended;
  expect(code).toBe(78);
  for (const name of ['PAYMENT_URL', 'DATABASE_URL', 'PAYMENT_CONCURRENCY']) expect(err).toContain(name);
});

test('the API answers while Kafka, the cache, and the payment provider are down', async () => {
  const api = start('api.ts', { REDIS_CACHE_URL: 'redis://127.0.0.1:1' });
  const { address } = await api.logged('listening');
  const { id: classId } = await harness.openClass();
  const [child] = await harness.children(1);
  const cookie = await cookieOf({
    accountId: uuidv7(),
    role: 'guardian',
    coopId: firstCoopId,
    familyId: child!.familyId,
  });
  const payload = { classId, childId: child!.id };
  expect((await send(`${address}/api/enrollments`, { cookie, payload })).status).toBe(201);
  expect((await fetch(`${address}/api/classes/${classId}`)).status).toBe(200);
  expect(await api.stop()).toBe(0);
}, 60_000);

test('a suspension reaches a running API by Kafka, and an API that starts later knows it without', async () => {
  const answerOf = async (api: Program): Promise<string> => {
    const { address } = await api.logged('listening');
    const response = await fetch(`${String(address)}/api/classes`);
    const { code = '' } = (await response.json()) as { code?: string };
    return `${response.status} ${code}`;
  };
  const [api, worker] = [start('api.ts'), start('worker.ts')];
  await worker.logged('running');
  expect(await answerOf(api)).toBe('200 ');
  const coop = { ...examples['homeroom.coop.suspended.v1'], coopId: firstCoopId };
  const type = 'homeroom.coop.suspended.v1';
  await publish({ id: uuidv7(), type, source: '/families', subject: coop.coopId, time: new Date(), data: coop });
  await waitFor('the suspension to arrive', async () => (await answerOf(api)) === '403 coop_suspended');
  await worker.stop('SIGKILL');
  expect(await answerOf(start('api.ts'))).toBe('403 coop_suspended');

  await harness.database.transaction(async (trx) => {
    await lockCoops(trx);
    await saveCoop(trx, { ...coop, version: coop.version + 1, status: 'open' });
  });
  await waitFor('the co-op to answer again', async () => (await answerOf(api)) === '200 ');
}, 60_000);
