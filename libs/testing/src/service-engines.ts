import { firstCoopId } from '@homeroom/contracts';
import { openDatabase, type CoopDatabase, type Database, type DatabaseEvent } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import type { Principal, SessionStore } from '@homeroom/sessions';
import { hash } from 'node:crypto';
import { Closing } from './closing.ts';
import { countQueries } from './count-queries.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { testRedis } from './engines.ts';

/** What the harness of a service stands on. */
export interface ServiceEngines {
  readonly testDatabase: TestDatabase;
  readonly database: Database;
  /** Of the first co-op. */
  readonly db: CoopDatabase;
  /** Counts what `database` runs. */
  readonly counter: ReturnType<typeof countQueries>;
  /** Sessions and limits. */
  readonly redis: Redis;
  readonly cacheRedis: Redis;
  readonly sessionsUrl: string;
  readonly cacheUrl: string;
  readonly keyPrefix: string;
  /** @param absoluteSeconds after which a session ends. */
  readonly openSessions: (absoluteSeconds?: number) => SessionStore;
  /** The header of a new session. */
  readonly signedIn: (principal: Principal) => Promise<{ cookie: string }>;
  /** Rows of a statement, for looking behind the API. */
  readonly rows: <T = Record<string, unknown>>(text: string, ...values: unknown[]) => Promise<T[]>;
  /** What `close` closes before the engines. */
  readonly closing: Closing;
  readonly close: () => Promise<void>;
}

export interface EngineOptions {
  /** Whether reads go to the replica. */
  readonly replica?: boolean;
  /** Another address of the Redis for sessions, such as a fault proxy's: with the limits of production. */
  readonly redisUrl?: string;
}

/** Connects to Redis with generous limits: the machine may be busy with other tests. */
export async function openTestRedis(url: string): Promise<Redis> {
  const { connectRedis } = await import('@homeroom/redis');
  return connectRedis(url, { commandTimeoutMs: 10_000, connectTimeoutMs: 10_000 });
}

/** Opens a pool on a test database, with generous limits. @param replica whether reads go to the replica. */
export const openTestDatabase = (
  { url, replicaUrl }: Pick<TestDatabase, 'url' | 'replicaUrl'>,
  { replica = false, onEvent }: { replica?: boolean; onEvent?: (event: DatabaseEvent) => void } = {},
): Database =>
  openDatabase({
    primaryUrl: url,
    replicaUrls: replica ? [replicaUrl] : [],
    poolSize: 10,
    replicaPoolSize: 2,
    applicationName: 'test',
    statementTimeoutMs: 20_000,
    lockTimeoutMs: 15_000,
    connectTimeoutMs: 15_000,
    ...(onEvent === undefined ? {} : { onEvent }),
  });

/** Opens a database of the test file's own, and both Redis instances with a key prefix of its own. */
export async function openServiceEngines(
  service: 'families' | 'enrollment' | 'notifications',
  { replica = false, redisUrl }: EngineOptions = {},
): Promise<ServiceEngines> {
  const { connectRedis } = await import('@homeroom/redis');
  const { openSessions } = await import('@homeroom/sessions');
  const { sessionsUrl, cacheUrl, keyPrefix } = await testRedis();
  const [testDatabase, redis, cacheRedis] = await Promise.all([
    createTestDatabase(service, { replica }),
    redisUrl === undefined ? openTestRedis(sessionsUrl) : connectRedis(redisUrl),
    openTestRedis(cacheUrl),
  ]);
  const counter = countQueries();
  const database = openTestDatabase(testDatabase, { replica, onEvent: counter.onEvent });
  const closing = new Closing();
  closing.add(testDatabase, (it) => it.drop());
  closing.add(database, (it) => it.close());
  for (const connection of [redis, cacheRedis]) closing.add(connection, (it) => it.disconnect());
  const openStore = (absoluteSeconds?: number): SessionStore =>
    openSessions({ redis, keyPrefix, ...(absoluteSeconds === undefined ? {} : { absoluteSeconds }) });
  return {
    ...{
      testDatabase,
      database,
      db: database.ofCoop(firstCoopId),
      counter,
      redis,
      cacheRedis,
      sessionsUrl,
      cacheUrl,
      keyPrefix,
      closing,
    },
    openSessions: openStore,
    signedIn: async (principal) => ({ cookie: `homeroom=${(await openStore().create(principal)).token}` }),
    // one name per text: statements are prepared under it
    rows: async <T>(text: string, ...values: unknown[]) =>
      (await database.query<T>({ name: `test-${hash('md5', text)}`, text, values })).rows,
    close: () => closing.closeAll(),
  };
}
