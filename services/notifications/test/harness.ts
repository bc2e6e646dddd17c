import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import {
  encodeEvent,
  eventTypes,
  examples,
  type DomainEvent,
  type EventData,
  type EventType,
} from '@homeroom/contracts';
import type { OutgoingMessage } from '@homeroom/kafka';
import { openDatabase, type Database } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openSessions, sessionsEndedChannel, type Principal, type SessionStore } from '@homeroom/sessions';
import { createTestDatabase, testRedis, type TestDatabase } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { buildApp } from '../src/app.ts';
import { apiConfig } from '../src/config.ts';
import { FanOut } from '../src/streams/fan-out.ts';

export const co = { coopName: 'Willow Creek', timeZone: 'America/Chicago' };
export const cursorSecret = 'a secret that is long enough';
export const logger = createLogger({ service: 'notifications', level: 'silent', format: 'json' });

/** A test machine may be busy with other tests: what is not about time limits has generous ones. */
export const patient = { commandTimeoutMs: 10_000, connectTimeoutMs: 10_000 };

/** Everything opened in a test is closed after it, last first. */
export class Closing {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add<T>(thing: T, close: (thing: T) => unknown): T {
    this.#closers.unshift(() => Promise.resolve(close(thing)));
    return thing;
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closers.splice(0)) await close();
  }
}

export interface TestHouse {
  readonly testDatabase: TestDatabase;
  readonly database: Database;
  readonly sessions: SessionStore;
  readonly channel: string;
  readonly cacheUrl: string;
  readonly sessionsUrl: string;
  readonly keyPrefix: string;
}

/** The service's own database and sessions, on the real engines. */
export async function openHouse(closing: Closing): Promise<TestHouse> {
  const testDatabase = closing.add(await createTestDatabase('notifications'), (it) => it.drop());
  const database = closing.add(openTestDatabase(testDatabase), (it) => it.close());
  const { sessionsUrl, cacheUrl, keyPrefix } = await testRedis();
  const redis = closing.add(await connectRedis(sessionsUrl, patient), (it) => it.quit());
  const sessions = openSessions({ redis, keyPrefix });
  return { testDatabase, database, sessions, channel: `${keyPrefix}announcements`, cacheUrl, sessionsUrl, keyPrefix };
}

export const openTestDatabase = ({ url, replicaUrl }: TestDatabase, { replicas = true } = {}): Database =>
  openDatabase({
    primaryUrl: url,
    replicaUrls: replicas ? [replicaUrl] : [],
    poolSize: 5,
    replicaPoolSize: 3,
    applicationName: 'notifications-test',
  });

/** One API process of the house, not listening. */
export async function openApp(
  { database, sessions, channel, cacheUrl, sessionsUrl, keyPrefix }: TestHouse,
  closing: Closing,
  streams: Partial<ConstructorParameters<typeof FanOut>[0]> = {},
): Promise<{ app: ZodFastify; fanOut: FanOut }> {
  const redis = closing.add(await connectRedis(cacheUrl, patient), (it) => it.disconnect());
  const sessionsRedis = closing.add(await connectRedis(sessionsUrl, patient), (it) => it.disconnect());
  const fanOut = new FanOut({
    database,
    redis,
    channel,
    sessions,
    sessionsRedis,
    sessionsChannel: sessionsEndedChannel(keyPrefix),
    maxStreams: 100,
    maxStreamsPerAccount: 5,
    heartbeatMs: 60_000,
    maxAgeMs: 600_000,
    ...streams,
  });
  const config = loadConfig(apiConfig, {
    RATE_LIMIT_PER_MINUTE: '0',
    DATABASE_URL: 'postgres://unused',
    REDIS_CACHE_URL: 'redis://unused',
    REDIS_SESSIONS_URL: 'redis://unused',
    CURSOR_SECRET: cursorSecret,
    COOP_NAME: co.coopName,
  });
  const metrics = new Metrics({ service: 'notifications', defaults: false });
  const app = await buildApp(config, { logger, health: new Health(), metrics, database, sessions, fanOut });
  closing.add(app, (it) => it.close());
  return { app, fanOut };
}

/** Signs somebody in and gives the header that says so. */
export async function cookieOf(
  { sessions }: Pick<TestHouse, 'sessions'>,
  principal: Principal,
): Promise<{ cookie: string }> {
  const { token } = await sessions.create(principal);
  return { cookie: `homeroom=${token}` };
}

export const guardianOf = (familyId: string): Principal => ({ role: 'guardian', accountId: randomUUID(), familyId });
export const someCoordinator = (): Principal => ({ role: 'coordinator', accountId: randomUUID() });

/** An event with the example's data, and whatever the test cares about. */
export const anEvent = <T extends EventType>(type: T, data: Partial<EventData<T>> = {}): DomainEvent<T> => ({
  id: randomUUID(),
  type,
  source: '/test',
  subject: randomUUID(),
  time: new Date('2026-08-01T12:00:00Z'),
  data: { ...examples[type], ...data },
});

/** An event as its publisher would send it. */
export function asMessage(event: DomainEvent, key: string): OutgoingMessage {
  const { headers, value } = encodeEvent({ ...event, subject: key });
  return { topic: eventTypes[event.type].topic, key, headers, value };
}

/** A family of its own for a test, with the events that it causes. */
export function aFamily(): {
  familyId: string;
  guardianId: string;
  email: string;
  registered: (
    data?: Partial<EventData<'homeroom.family.registered.v1'>>,
  ) => DomainEvent<'homeroom.family.registered.v1'>;
  changed: (data?: Partial<EventData<'homeroom.family.changed.v1'>>) => DomainEvent<'homeroom.family.changed.v1'>;
  enrollment: <T extends Extract<EventType, `homeroom.enrollment.${string}`>>(
    type: T,
    data?: Partial<EventData<T>>,
  ) => DomainEvent<T>;
} {
  const [familyId, enrollmentId, guardianId] = [randomUUID(), randomUUID(), randomUUID()];
  const email = `family-${familyId.slice(0, 8)}@example.org`;
  const guardians = [{ guardianId, name: 'Ngozi Okafor', email }];
  return {
    familyId,
    guardianId,
    email,
    registered: (data) => anEvent('homeroom.family.registered.v1', { familyId, guardians, ...data }),
    changed: (data) => anEvent('homeroom.family.changed.v1', { familyId, guardians, version: 2, ...data }),
    enrollment: (type, data) => anEvent(type, { familyId, enrollmentId, ...data } as never),
  };
}
