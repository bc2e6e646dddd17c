import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import type { FamilySnapshot } from '@homeroom/contracts';
import { openDatabase, type Database } from '@homeroom/postgres';
import { connectRedis } from '@homeroom/redis';
import { openSessions, type Principal, type SessionStore } from '@homeroom/sessions';
import { countQueries, createTestDatabase, testRedis, type QueryCounter, type TestDatabase } from '@homeroom/testing';
import { hash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { buildApp } from '../src/app.ts';
import type { ClassDetails, ClassView } from '../src/classes/schemas.ts';
import { createClasses } from '../src/timetable/create-class.ts';
import { openClassCache } from '../src/classes/open-class-cache.ts';
import { apiConfig } from '../src/config.ts';
import { copyFamily } from '../src/families/copy-family.ts';

export const webhookSecret = 'a webhook secret for tests';

export const pottery: ClassDetails = {
  title: 'Pottery for beginners',
  description: 'Pinch, coil and slab.',
  subject: 'art',
  teacher: 'Inês Duarte',
  room: 'Workshop',
  weekday: 'tuesday',
  startTime: '10:00',
  endTime: '11:30',
  firstDay: '2027-01-12',
  lastDay: '2027-05-18',
  timeZone: 'America/Chicago',
  ageMin: 7,
  ageMax: 11,
  capacity: 3,
  priceCents: 14_500,
  currency: 'USD',
  status: 'open',
};

export interface Child {
  readonly id: string;
  readonly name: string;
  readonly familyId: string;
}

type Headers = Record<string, string>;
type Injected = Awaited<ReturnType<ZodFastify['inject']>>;

/** The service as one API process has it, over a database of its own. */
export interface Harness {
  readonly app: ZodFastify;
  readonly db: Database;
  readonly database: TestDatabase;
  readonly counter: QueryCounter;
  /** The sessions that the app reads. */
  readonly openSessions: (absoluteSeconds?: number) => SessionStore;
  /** A cookie of a new session. */
  signedIn(principal: Principal): Promise<Headers>;
  /** Signed in as the guardian of a family. */
  guardian(familyId: string): Promise<Headers>;
  coordinator(): Promise<Headers>;
  /** Families with a child of eight each, as their events would have brought them. */
  children(count: number): Promise<Child[]>;
  openClass(details?: Partial<ClassDetails>): Promise<ClassView>;
  enroll(childOf: Child, classId: string, headers?: Headers): Promise<Injected>;
  cancel(enrollmentId: string, headers: Headers): Promise<Injected>;
  /** Rows of a statement, for looking behind the API. */
  rows<T = Record<string, unknown>>(text: string, ...values: unknown[]): Promise<T[]>;
  close(): Promise<void>;
}

/** @param env changes of the configuration. DATABASE_REPLICA_URLS: 'replica' reads from the standby. */
export async function startHarness(env: Record<string, string> = {}): Promise<Harness> {
  const [database, redisUrls] = await Promise.all([createTestDatabase('enrollment'), testRedis()]);
  const counter = countQueries();
  const db = openDatabase({
    primaryUrl: database.url,
    replicaUrls: env['DATABASE_REPLICA_URLS'] === 'replica' ? [database.replicaUrl] : [],
    poolSize: 10,
    replicaPoolSize: 2,
    applicationName: 'enrollment-test',
    statementTimeoutMs: 20_000,
    lockTimeoutMs: 15_000,
    connectTimeoutMs: 15_000,
    onEvent: counter.onEvent,
  });
  const config = loadConfig(apiConfig, {
    DATABASE_URL: database.url,
    REDIS_SESSIONS_URL: redisUrls.sessionsUrl,
    REDIS_CACHE_URL: redisUrls.cacheUrl,
    CURSOR_SECRET: 'a cursor secret for tests',
    PAYMENT_WEBHOOK_SECRET: webhookSecret,
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_EVENT_LOOP_DELAY_MS: '0',
    TIME_ZONE: 'America/Chicago',
    // tests of events that never arrive need not wait long
    ENROLL_WAIT_FOR_FAMILY_MS: '100',
    ...env,
  });
  const logger = createLogger({ service: 'enrollment', level: 'error', format: 'json' });
  const metrics = new Metrics({ service: 'enrollment', defaults: false });
  const health = new Health();
  const [redis, cacheRedis] = await Promise.all([
    connectRedis(redisUrls.sessionsUrl, { commandTimeoutMs: 5_000 }),
    connectRedis(redisUrls.cacheUrl, { commandTimeoutMs: 5_000 }),
  ]);
  const classes = openClassCache({
    redis: cacheRedis,
    prefix: redisUrls.keyPrefix,
    l1TtlMs: config.CLASS_L1_TTL_MS,
    l2TtlSeconds: config.CLASS_L2_TTL_SECONDS,
    logger,
    metrics,
  });
  const redisPrefix = redisUrls.keyPrefix;
  const app = await buildApp(config, { logger, health, metrics, database: db, classes, redis, redisPrefix });

  const harness: Harness = {
    app,
    db,
    database,
    counter,
    openSessions: (absoluteSeconds) =>
      openSessions({
        redis,
        keyPrefix: redisPrefix,
        ...(absoluteSeconds === undefined ? {} : { absoluteSeconds }),
      }),
    async signedIn(principal) {
      const { token } = await harness.openSessions().create(principal);
      return { cookie: `homeroom=${token}` };
    },
    guardian: (familyId) => harness.signedIn({ accountId: uuidv7(), role: 'guardian', familyId }),
    coordinator: () => harness.signedIn({ accountId: uuidv7(), role: 'coordinator' }),
    children: (count) =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const family = aFamily({
            children: [{ childId: uuidv7(), name: `Child ${index}`, birthDate: '2018-06-01' }],
          });
          await copyFamily({ db }, { eventId: uuidv7(), family });
          const [child] = family.children;
          return { id: child?.childId ?? '', name: child?.name ?? '', familyId: family.familyId };
        }),
      ),
    // all in one room with one teacher: double bookings are not checked
    openClass: (details = {}) =>
      db.transaction(async (trx) => {
        const [opened] = await createClasses(trx, [{ ...pottery, title: `Pottery ${uuidv7()}`, ...details }]);
        if (opened === undefined) throw new Error('there is such a class already');
        return opened;
      }),
    async enroll(child, classId, headers) {
      return app.inject({
        method: 'POST',
        url: '/api/enrollments',
        headers: headers ?? (await harness.guardian(child.familyId)),
        payload: { classId, childId: child.id },
      });
    },
    cancel: async (enrollmentId, headers) =>
      app.inject({ method: 'DELETE', url: `/api/enrollments/${enrollmentId}`, headers }),
    async rows<T>(text: string, ...values: unknown[]) {
      // one name per text: statements are prepared under it
      const name = `test-${hash('md5', text)}`;
      return (await db.query<T>({ name, text, values })).rows;
    },
    async close() {
      await app.close();
      await classes.close();
      redis.disconnect();
      cacheRedis.disconnect();
      await db.close();
      await database.drop();
    },
  };
  return harness;
}

export const aFamily = (change: Partial<FamilySnapshot> = {}): FamilySnapshot => ({
  familyId: uuidv7(),
  version: 1,
  name: 'Okafor',
  guardians: [{ guardianId: uuidv7(), name: 'Ngozi Okafor', email: 'ngozi@example.org' }],
  children: [{ childId: uuidv7(), name: 'Maya Okafor', birthDate: '2018-06-01' }],
  ...change,
});

/** A copy without some fields. */
export const without = <T extends object>(object: T, ...names: (keyof T & string)[]): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !(names as string[]).includes(name))) as Partial<T>;
