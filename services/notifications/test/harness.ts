import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import {
  encodeEvent,
  eventTypes,
  examples,
  firstCoopId,
  type DomainEvent,
  type EventData,
  type EventType,
} from '@homeroom/contracts';
import { Directory, type Coop } from '@homeroom/coops';
import type { OutgoingMessage } from '@homeroom/kafka';
import { sessionsEndedChannel, type Principal, type SessionStore } from '@homeroom/sessions';
import { openServiceEngines, openTestRedis, type Closing, type ServiceEngines } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { buildApp } from '../src/app.ts';
import { apiConfig } from '../src/config.ts';
import { FanOut, type FanOutOptions } from '../src/streams/fan-out.ts';

/** The first co-op, which most tests are in. */
export const co: Coop = {
  ...examples['homeroom.coop.opened.v1'],
  coopId: firstCoopId,
  name: 'Willow Creek',
  hosts: [],
};
export const cursorKey = { secret: 'a secret that is long enough', coopId: firstCoopId };
export const logger = createLogger({ service: 'notifications', level: 'silent', format: 'json' });

export interface Engines extends ServiceEngines {
  readonly sessions: SessionStore;
  /** Where workers announce new notifications. */
  readonly channel: string;
}

/** The service as one API process has it, over engines of its own. */
export interface Harness extends Engines {
  readonly app: ZodFastify;
}

/** Opens what the service stands on, without an API. @param replica whether reads go to the replica. */
export async function openEngines({ replica = true }: { replica?: boolean } = {}): Promise<Engines> {
  const engines = await openServiceEngines('notifications', { replica });
  return { ...engines, sessions: engines.openSessions(), channel: `${engines.keyPrefix}announcements` };
}

interface AppOptions {
  /** Changes of what its streams are given. */
  readonly streams?: Partial<FanOutOptions>;
  /** The co-ops of its directory. */
  readonly known?: readonly Coop[];
}

/** Starts the service on engines of its own. */
export async function startHarness({
  replica = true,
  ...options
}: { replica?: boolean } & AppOptions = {}): Promise<Harness> {
  const engines = await openEngines({ replica });
  const { app } = await startApp(engines, engines.closing, options);
  return { ...engines, app };
}

/** One API process, not listening. */
export async function startApp(
  { database, sessions, channel, cacheUrl, sessionsUrl, keyPrefix }: Omit<Engines, 'close' | 'closing'>,
  closing: Closing,
  { streams = {}, known = [co] }: AppOptions = {},
): Promise<{ app: ZodFastify; fanOut: FanOut }> {
  const connect = async (url: string) => closing.add(await openTestRedis(url), (it) => it.disconnect());
  const fanOut = new FanOut({
    database,
    redis: await connect(cacheUrl),
    channel,
    sessions,
    sessionsRedis: await connect(sessionsUrl),
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
    CURSOR_SECRET: cursorKey.secret,
  });
  const metrics = new Metrics({ service: 'notifications', defaults: false });
  const coops = new Directory(known);
  const app = await buildApp(config, { logger, health: new Health(), metrics, database, coops, sessions, fanOut });
  closing.add(app, (it) => it.close());
  return { app, fanOut };
}

export const guardianOf = (familyId: string, coopId = firstCoopId): Principal => ({
  role: 'guardian',
  accountId: randomUUID(),
  coopId,
  familyId,
});
export const someCoordinator = (coopId = firstCoopId): Principal => ({
  role: 'coordinator',
  accountId: randomUUID(),
  coopId,
});

/** An event with the example's data, and what the test changes. */
export const anEvent = <T extends EventType>(type: T, data: Partial<EventData<T>> = {}): DomainEvent<T> => ({
  id: randomUUID(),
  type,
  coopId: firstCoopId,
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
