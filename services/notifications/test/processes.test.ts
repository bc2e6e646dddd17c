import { topics } from '@homeroom/contracts';
import { openKafka, type Producer } from '@homeroom/kafka';
import { openSessions } from '@homeroom/sessions';
import {
  Closing,
  createTestDatabase,
  serviceEnvironment,
  startProgram,
  testKafkaBrokers,
  testTopicPrefix,
  waitFor,
  type Program,
} from '@homeroom/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { changeCoordinatorPreferences } from '../src/preferences/coordinator-store.ts';
import { aFamily, anEvent, asMessage, co, guardianOf, openEngines, type Engines } from './harness.ts';
import { startSmtp, type TestSmtp } from './smtp-server.ts';
import { openStream } from './streams/read-stream.ts';

const closing = new Closing();
const perTest = new Closing();
const topicPrefix = testTopicPrefix();
let engines: Engines;
let smtp: TestSmtp;
let producer: Producer;

beforeAll(async () => {
  engines = closing.add(await openEngines(), (it) => it.close());
  smtp = closing.add(await startSmtp(), (it) => it.close());
  const kafka = closing.add(openKafka({ brokers: testKafkaBrokers(), clientId: 'test', topicPrefix }), (it) =>
    it.close(),
  );
  await kafka.ensureTopics([topics.coop, topics.family, topics.account].map((topic) => ({ topic, partitions: 6 })));
  producer = await kafka.producer();
  await producer.send([asMessage(anEvent('homeroom.coop.configured.v1', { ...co, version: 1 }), co.coopId)]);
}, 60_000);
afterEach(() => perTest.closeAll());
afterAll(() => closing.closeAll());

function start(file: 'api.ts' | 'worker.ts' | 'migrate.ts', change: Record<string, string> = {}): Program {
  const env = {
    ...serviceEnvironment(engines),
    TOPIC_PREFIX: topicPrefix,
    KAFKA_SESSION_TIMEOUT_MS: '3000',
    SMTP_URL: smtp.url,
    MAIL_FROM: 'Willow Creek <hello@willow.example>',
    ACCOUNT_TOKEN_SECRET: 'a secret for tests only',
    MAIL_RETRY_BASE_MS: '50',
    MAIL_LEASE_MS: '3000',
    SMTP_TIMEOUT_MS: '1000',
    ...change,
  };
  return perTest.add(startProgram(new URL(`../src/${file}`, import.meta.url), { env }), (it) => it.stop('SIGKILL'));
}

const publish = (...families: ReturnType<typeof aFamily>[]): Promise<void> =>
  producer.send(families.map((family) => asMessage(family.registered(), family.familyId)));

describe('the processes', () => {
  test('an event becomes a mail, and shows in the streams of both APIs; all three stop in order and quickly', async () => {
    const [one, two, worker] = [start('api.ts'), start('api.ts'), start('worker.ts')];
    const family = aFamily();
    // the processes' own sessions: they put no prefix before their keys
    const { token } = await openSessions({ redis: engines.redis }).create(guardianOf(family.familyId));
    const cookie = { cookie: `homeroom=${token}` };
    await worker.logged('running');
    const streams = [];
    for (const api of [one, two]) {
      const { address = '' } = await api.logged('listening');
      await api.logged('listening for announcements');
      streams.push(perTest.add(await openStream(Number(new URL(address).port), cookie), (it) => it.close()));
    }
    for (const stream of streams) await waitFor('the stream to open', () => stream.events.length > 0);

    await publish(family);
    for (const { events } of streams) {
      const shown = await waitFor('the welcome', () => events.find(({ event }) => event === 'notification'));
      expect(shown.data).toMatchObject({ kind: 'welcome', subject: 'Welcome to Willow Creek' });
    }
    await waitFor('the mail', () => smtp.mails.some(({ recipients }) => recipients.includes(family.email)));

    const metricsOf = async (process: Program): Promise<string> => {
      const { port = 0 } = await process.logged('health and metrics');
      return (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    };
    await waitFor('the count', async () =>
      /mail_attempts_total\{[^}]*outcome="sent"[^}]*\} [1-9]/.test(await metricsOf(worker)),
    );
    expect(await metricsOf(one)).toMatch(/streams_open\{[^}]*\} 1/);
    streams[0]?.close();
    await waitFor('the stream to end', async () => /streams_open\{[^}]*\} 0/.test(await metricsOf(one)));
    expect(await metricsOf(one)).not.toMatch(/http_request_duration_seconds_count\{[^}]*stream/);

    const startedAt = performance.now();
    expect(await Promise.all([one, two, worker].map((process) => process.stop()))).toEqual([0, 0, 0]);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(streams[1]?.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'shutdown' } });
    expect([one, two, worker].flatMap((process) => process.errors())).toEqual([]);
  }, 120_000);

  test('D15: a coordinator who asked for it gets a mail, at the address that families published', async () => {
    const [accountId, email] = [randomUUID(), `robin-${randomUUID()}@example.org`];
    await changeCoordinatorPreferences(engines.db, accountId, {
      emailEnabled: true,
      on: ['family_registered'],
      off: [],
    });
    start('worker.ts');
    await publish(aFamily());
    const account = anEvent('homeroom.account.coordinator-saved.v1', { accountId, email, name: 'Robin' });
    await producer.send([asMessage(account, accountId)]);
    const mail = await waitFor('the mail', () => smtp.mails.find(({ recipients }) => recipients.includes(email)), {
      timeoutMs: 60_000,
    });
    expect(mail.header('x-homeroom-kind')).toBe('family_registered');
    await changeCoordinatorPreferences(engines.db, accountId, { emailEnabled: false, on: [], off: [] });
  }, 90_000);

  test('a worker that is killed again and again loses nothing and repeats nothing', async () => {
    const families = Array.from({ length: 60 }, aFamily);
    const before = smtp.mails.length;
    const kills = 2;
    await publish(...families);
    for (let kill = 0; kill < kills; kill++) {
      const worker = start('worker.ts');
      await waitFor('some more mails', () => smtp.mails.length > before + kill * 10, { timeoutMs: 60_000 });
      await worker.stop('SIGKILL');
    }
    start('worker.ts');
    const mails = await waitFor(
      'a mail for every family',
      () => {
        const sent = smtp.mails.slice(before);
        return families.every(({ email }) => sent.some(({ recipients }) => recipients.includes(email))) && sent;
      },
      { timeoutMs: 60_000 },
    );
    for (const { email } of families) {
      const copies = mails.filter(({ recipients }) => recipients.includes(email));
      expect(new Set(copies.map((mail) => mail.header('message-id'))).size).toBe(1);
    }
    // the mails in hand at a kill may come twice, and no others
    expect(mails.length - families.length).toBeLessThanOrEqual(kills * 5);
    const { rows } = await engines.database.query<{ count: number }>({
      name: 'test_count',
      text: `select count(*) as count from notifications where audience = any ($1)`,
      values: [families.map(({ familyId }) => `family:${familyId}`)],
    });
    expect(rows[0]?.count).toBe(60);
  }, 240_000);

  test('migrate brings an empty database up to date, and a second time finds nothing to do', async () => {
    const empty = perTest.add(await createTestDatabase({ migrations: [] }), (it) => it.drop());
    for (let time = 0; time < 2; time++) {
      const migration = start('migrate.ts', { DATABASE_MIGRATION_URL: empty.url });
      expect((await migration.ended).code).toBe(0);
    }
  }, 60_000);
});
