import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { connectRedis } from '@homeroom/redis';
import { topics } from '@homeroom/contracts';
import { openKafka, type Producer } from '@homeroom/kafka';
import { openSessions } from '@homeroom/sessions';
import { createTestDatabase, testKafkaBrokers, testTopicPrefix, waitFor, type TestDatabase } from '@homeroom/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { changeCoordinatorPreferences } from '../src/preferences/coordinator-store.ts';
import {
  aFamily,
  anEvent,
  asMessage,
  Closing,
  cookieOf,
  guardianOf,
  openHouse,
  patient,
  type TestHouse,
} from './harness.ts';
import { startSmtp, type TestSmtp } from './smtp-server.ts';
import { openStream } from './streams/read-stream.ts';

interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly address?: string;
  readonly port?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly log: LogLine[];
}

const closing = new Closing();
const perTest = new Closing();
const topicPrefix = testTopicPrefix();
const sessionsUrl = String(process.env['TEST_REDIS_SESSIONS_URL']);
let house: TestHouse;
let smtp: TestSmtp;
let producer: Producer;

beforeAll(async () => {
  house = await openHouse(closing);
  smtp = closing.add(await startSmtp(), (it) => it.close());
  const kafka = closing.add(openKafka({ brokers: testKafkaBrokers(), clientId: 'test', topicPrefix }), (it) =>
    it.close(),
  );
  await kafka.ensureTopics([topics.family, topics.account].map((topic) => ({ topic, partitions: 6 })));
  producer = await kafka.producer();
}, 60_000);
afterEach(() => perTest.closeAll());
afterAll(() => closing.closeAll());

function start(file: 'api.ts' | 'worker.ts' | 'migrate.ts', env: Record<string, string> = {}): Running {
  const path = fileURLToPath(new URL(`../src/${file}`, import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@homeroom/source', path], {
    env: {
      PATH: String(process.env['PATH']),
      DATABASE_URL: house.testDatabase.url,
      DATABASE_REPLICA_URLS: house.testDatabase.replicaUrl,
      REDIS_SESSIONS_URL: sessionsUrl,
      REDIS_CACHE_URL: house.cacheUrl,
      CURSOR_SECRET: 'a secret for tests only',
      KAFKA_BROKERS: testKafkaBrokers().join(','),
      TOPIC_PREFIX: topicPrefix,
      SMTP_URL: smtp.url,
      MAIL_FROM: 'Willow Creek <hello@willow.example>',
      ACCOUNT_TOKEN_SECRET: 'a secret for tests only',
      COOP_NAME: 'Willow Creek',
      TIME_ZONE: 'America/Chicago',
      RATE_LIMIT_PER_MINUTE: '0',
      MAIL_RETRY_BASE_MS: '50',
      MAIL_LEASE_MS: '3000',
      SMTP_TIMEOUT_MS: '1000',
      PORT: '0',
      LOG_FORMAT: 'json',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: LogLine[] = [];
  createInterface(child.stdout).on('line', (line) => log.push(JSON.parse(line) as LogLine));
  return perTest.add({ child, log }, async () => {
    if (child.exitCode === null && child.signalCode === null) await end({ child, log }, 'SIGKILL');
  });
}

/** Starting takes a second alone and half a minute beside other tests. */
const said = ({ child, log }: Running, message: string): Promise<LogLine> =>
  waitFor(
    `“${message}”`,
    () => {
      if (child.exitCode !== null) throw new Error(`exited ${child.exitCode}: ${JSON.stringify(log)}`);
      return log.find(({ msg }) => msg === message);
    },
    { timeoutMs: 45_000 },
  );

async function end({ child }: Running, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  const exited = once(child, 'exit');
  child.kill(signal);
  return ((await exited) as [number | null])[0];
}

const publish = (...families: ReturnType<typeof aFamily>[]): Promise<void> =>
  producer.send(families.map((family) => asMessage(family.registered(), family.familyId)));
const troubles = ({ log }: Running): LogLine[] => log.filter(({ level }) => level === 'error' || level === 'fatal');

describe('the processes', () => {
  test('an event becomes a mail, and shows in the streams of both APIs; all three stop in order and quickly', async () => {
    const [one, two, worker] = [start('api.ts'), start('api.ts'), start('worker.ts')];
    const redis = perTest.add(await connectRedis(sessionsUrl, patient), (it) => it.quit());
    const family = aFamily();
    const cookie = await cookieOf({ sessions: openSessions({ redis }) }, guardianOf(family.familyId));
    await said(worker, 'running');
    const streams = [];
    for (const api of [one, two]) {
      const { address = '' } = await said(api, 'listening');
      await said(api, 'listening for announcements');
      streams.push(perTest.add(await openStream(Number(new URL(address).port), cookie), (it) => it.close()));
    }
    for (const stream of streams) await waitFor('the stream to open', () => stream.events.length > 0);

    await publish(family);
    for (const { events } of streams) {
      const shown = await waitFor('the welcome', () => events.find(({ event }) => event === 'notification'));
      expect(shown.data).toMatchObject({ kind: 'welcome', subject: 'Welcome to Willow Creek' });
    }
    await waitFor('the mail', () => smtp.mails.some(({ recipients }) => recipients.includes(family.email)));

    const metricsOf = async (process: Running): Promise<string> => {
      const { port = 0 } = await said(process, 'health and metrics');
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
    expect(await Promise.all([one, two, worker].map((process) => end(process, 'SIGTERM')))).toEqual([0, 0, 0]);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    expect(streams[1]?.events.at(-1)).toMatchObject({ event: 'close', data: { reason: 'shutdown' } });
    expect([one, two, worker].flatMap(troubles)).toEqual([]);
  }, 120_000);

  test('D15: a coordinator who asked for it gets a mail, at the address that families published', async () => {
    const [accountId, email] = [randomUUID(), `robin-${randomUUID()}@example.org`];
    await changeCoordinatorPreferences(house.database, accountId, {
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
    await changeCoordinatorPreferences(house.database, accountId, { emailEnabled: false, on: [], off: [] });
  }, 90_000);

  test('a worker that is killed again and again loses nothing, and tells nothing twice', async () => {
    const families = Array.from({ length: 60 }, aFamily);
    const before = smtp.mails.length;
    const kills = 2;
    await publish(...families);
    for (let kill = 0; kill < kills; kill++) {
      const worker = start('worker.ts');
      await waitFor('some more mails', () => smtp.mails.length > before + kill * 10, { timeoutMs: 60_000 });
      await end(worker, 'SIGKILL');
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
    const { rows } = await house.database.query<{ count: number }>({
      name: 'test_count',
      text: `select count(*) as count from notifications where audience = any ($1)`,
      values: [families.map(({ familyId }) => `family:${familyId}`)],
    });
    expect(rows[0]?.count).toBe(60);
  }, 240_000);

  test('migrate brings an empty database up to date, and a second time finds nothing to do', async () => {
    const empty: TestDatabase = perTest.add(await createTestDatabase({ migrations: [] }), (it) => it.drop());
    for (let time = 0; time < 2; time++) {
      const migration = start('migrate.ts', { DATABASE_MIGRATION_URL: empty.url });
      expect(((await once(migration.child, 'exit')) as [number])[0]).toBe(0);
    }
  }, 60_000);
});
