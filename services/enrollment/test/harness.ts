import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import { examples, firstCoopId, type FamilySnapshot } from '@homeroom/contracts';
import { Directory, type Coop } from '@homeroom/coops';
import { runNextImport, type ImportsOptions } from '@homeroom/csv';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { openServiceEngines, type EngineOptions, type ServiceEngines } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { buildApp } from '../src/app.ts';
import { openClassCache } from '../src/classes/open-class-cache.ts';
import type { ClassDetails, ClassView } from '../src/classes/schemas.ts';
import { apiConfig } from '../src/config.ts';
import { errors } from '../src/errors.ts';
import { copyFamily } from '../src/families/copy-family.ts';
import { termsOf } from '../src/seats/terms.ts';
import { createClasses } from '../src/timetable/create-class.ts';
import { importClasses } from '../src/timetable/import-classes.ts';
import { importTimetables } from '../src/timetable/import-timetables.ts';

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });

export const webhookSecret = 'a webhook secret for tests';

/** The one co-op of an installation: it answers on every host. */
export const firstCoop: Coop = { ...examples['homeroom.coop.opened.v1'], coopId: firstCoopId };

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

/** The service as one API process has it, over engines of its own. */
export interface Harness extends ServiceEngines {
  readonly app: ZodFastify;
  /** Signed in as the guardian of a family. */
  guardian(familyId: string): Promise<Headers>;
  coordinator(): Promise<Headers>;
  /** Families with a child of eight each, as their events would have brought them. */
  children(count: number): Promise<Child[]>;
  openClass(details?: Partial<ClassDetails>): Promise<ClassView>;
  enroll(childOf: Child, classId: string, headers?: Headers): Promise<Injected>;
  cancel(enrollmentId: string, headers: Headers): Promise<Injected>;
  /**
   * Sends a timetable, lets a worker import it, and asks for the job.
   * @returns the report with 200; the problem of a file or a request that was refused with its status.
   */
  importing(csv: string | Buffer, headers: Headers, query?: string): Promise<Pick<Injected, 'statusCode' | 'json'>>;
  /** Imports a timetable without a job, as the command does. */
  importNow(csv: string): ReturnType<typeof importClasses>;
  /** Imports what waits, as a worker does. */
  runImports(): Promise<void>;
}

interface HarnessOptions extends EngineOptions {
  /** Changes of the configuration. */
  readonly env?: Record<string, string>;
  readonly coops?: readonly Coop[];
}

/** Starts the service on engines of its own. What the harness does itself, it does in the first co-op. */
export async function startHarness({
  env = {},
  coops = [firstCoop],
  ...options
}: HarnessOptions = {}): Promise<Harness> {
  const engines = await openServiceEngines('enrollment', options);
  const { database, db, signedIn } = engines;
  const { coopId } = db;
  const app = await startApp(engines, { env, coops });
  const guardian = (familyId: string): Promise<Headers> =>
    signedIn({ accountId: uuidv7(), role: 'guardian', coopId, familyId });
  return {
    ...engines,
    app,
    guardian,
    coordinator: () => signedIn({ accountId: uuidv7(), role: 'coordinator', coopId }),
    children: (count) => Promise.all(Array.from({ length: count }, (_, index) => addChild(db, index))),
    // all in one room with one teacher: double bookings are not checked
    openClass: (details = {}) =>
      db.transaction(async (trx) => {
        const [opened] = await createClasses(trx, [{ ...pottery, title: `Pottery ${uuidv7()}`, ...details }]);
        if (opened === undefined) throw new Error('there is such a class already');
        return opened;
      }),
    enroll: async (child, classId, headers) =>
      app.inject({
        method: 'POST',
        url: '/api/enrollments',
        headers: headers ?? (await guardian(child.familyId)),
        payload: { classId, childId: child.id },
      }),
    cancel: async (enrollmentId, headers) =>
      app.inject({ method: 'DELETE', url: `/api/enrollments/${enrollmentId}`, headers }),
    importNow: (csv) =>
      importClasses({ db, terms, timeZone: 'America/Chicago' }, { bytes: Buffer.from(csv), preview: false }),
    runImports: () => runImports(database),
    async importing(payload, headers, query = '') {
      const url = `/api/classes/import${query}`;
      const sent = await app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'text/csv', ...headers },
        payload,
      });
      if (sent.statusCode !== 202) return sent;
      await runImports(database);
      const job = await app.inject({ url: String(sent.headers.location), headers });
      const { problem, report } = job.json<{ problem?: { code: string }; report?: object }>();
      const statusCode = problem === undefined ? 200 : (errors.entries[problem.code]?.status ?? 500);
      return { statusCode, json: <T>() => (problem ?? report) as T };
    },
  };
}

async function runImports(db: Database): Promise<void> {
  const classes = { invalidate: () => Promise.resolve() };
  const onEvent: ImportsOptions['onEvent'] = (event) => {
    if ('error' in event) throw event.error;
  };
  const imports = importTimetables({ db, classes, terms, timeZone: 'America/Chicago' });
  const options = { ...imports, leaseMs: 60_000, pollMs: 1, onEvent };
  while (await runNextImport(options, new AbortController().signal));
}

async function startApp(
  { testDatabase, database, redis, cacheRedis, sessionsUrl, cacheUrl, keyPrefix, closing }: ServiceEngines,
  { env, coops }: Required<Pick<HarnessOptions, 'env' | 'coops'>>,
): Promise<ZodFastify> {
  const config = loadConfig(apiConfig, {
    DATABASE_URL: testDatabase.url,
    REDIS_SESSIONS_URL: sessionsUrl,
    REDIS_CACHE_URL: cacheUrl,
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
  const classes = openClassCache({
    redis: cacheRedis,
    prefix: keyPrefix,
    l1TtlMs: config.CLASS_L1_TTL_MS,
    l2TtlSeconds: config.CLASS_L2_TTL_SECONDS,
    logger,
    metrics,
  });
  closing.add(classes, (it) => it.close());
  const health = new Health();
  const deps = {
    logger,
    health,
    metrics,
    database,
    coops: new Directory(coops),
    classes,
    redis,
    redisPrefix: keyPrefix,
  };
  const app = await buildApp(config, deps);
  return closing.add(app, (it) => it.close());
}

async function addChild(db: CoopDatabase, index: number): Promise<Child> {
  const family = aFamily({ children: [{ childId: uuidv7(), name: `Child ${index}`, birthDate: '2018-06-01' }] });
  await copyFamily({ db }, { eventId: uuidv7(), family });
  const [child] = family.children;
  return { id: child?.childId ?? '', name: child?.name ?? '', familyId: family.familyId };
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
