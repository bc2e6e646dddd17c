import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import { openDatabase, type Database } from '@homeroom/postgres';
import { countQueries, createTestDatabase, testRedis, type QueryCounter, type TestDatabase } from '@homeroom/testing';
import { openSessions, type SessionStore } from '@homeroom/sessions';
import { accountToken, type FamilySnapshot } from '@homeroom/contracts';
import { connectRedis, type Redis } from '@homeroom/redis';
import { v7 as uuidv7 } from 'uuid';
import { openPasswords } from '../src/credentials/passwords.ts';
import { saveCoordinator } from '../src/accounts/store.ts';
import { buildApp } from '../src/app.ts';
import { apiConfig } from '../src/config.ts';
import type { Child, Family, Registration } from '../src/families/schemas.ts';

/** A signed-in or anonymous client of the app. */
export interface Client {
  send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  readonly cookie: string | undefined;
}

/** One and more: a test knows how many it has made. */
type Some<T> = [T, T, ...T[]];

interface SomeFamily extends Omit<Family, 'guardians' | 'children'> {
  readonly guardians: Some<Family['guardians'][number]>;
  readonly children: Some<Child>;
}

export interface Guardian extends Client {
  readonly family: SomeFamily;
  readonly email: string;
}

/** Everything that some answer of the service has; a test knows which of it to expect. */
export interface Body extends SomeFamily {
  readonly familyId: string;
  readonly familyVersion: number;
  readonly items: Some<SomeFamily & { distanceKm: number }>;
  readonly nextCursor: string | undefined;
  readonly principal: { role: string };
  readonly sessions: { current: boolean }[];
  readonly created: number;
  readonly rejected: unknown[];
  readonly code: string;
  readonly detail: string;
  readonly errors: Some<{ in: string; field: string; message: string }>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | number | undefined>;
  /** Parsed when it is JSON. */
  readonly body: Body;
}

export interface TestApp {
  readonly app: ZodFastify;
  readonly database: Database;
  readonly testDatabase: TestDatabase;
  readonly counter: QueryCounter;
  readonly redis: Redis;
  readonly anonymous: Client;
  /** The sessions that the app reads. */
  readonly openSessions: (absoluteSeconds?: number) => SessionStore;
  /** A registered family and a client that is signed in as its guardian. */
  family(given?: Partial<Registration>): Promise<Guardian>;
  coordinator(): Promise<Client>;
  signIn(email: string, password?: string): Promise<Client>;
  /** The tokens of the mails that were asked for, oldest first. */
  tokens(email: string, purpose: 'verification' | 'password-reset'): Promise<string[]>;
  /** Opens the link of the verification mail. */
  verify(email: string): Promise<void>;
  /** Rows of the outbox in order, with parsed payloads. */
  outbox(key?: string): Promise<{ type: string; key: string; data: FamilySnapshot }[]>;
  rows(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** What the mailer knows too. */
export const accountTokenSecret = 'a token secret for tests';

export const password = 'correct horse battery staple';

let sequence = 0;
export const newEmail = (): string => `guardian-${sequence++}@example.org`;

export const registrationOf = (given: Partial<Registration> = {}): Registration => ({
  name: 'Okafor',
  guardian: { name: 'Ngozi Okafor', email: newEmail(), password },
  ...given,
});

/** Starts the service on a database and a key prefix of its own. */
export async function startApp({
  env = {},
  replica = false,
  redisUrl,
}: { env?: Record<string, string>; replica?: boolean; redisUrl?: string } = {}): Promise<TestApp> {
  const testDatabase = await createTestDatabase('families');
  const { sessionsUrl, keyPrefix } = await testRedis();
  const config = loadConfig(apiConfig, {
    DATABASE_URL: testDatabase.url,
    ...(replica ? { DATABASE_REPLICA_URLS: testDatabase.replicaUrl } : {}),
    REDIS_SESSIONS_URL: redisUrl ?? sessionsUrl,
    CURSOR_SECRET: 'a secret for tests only',
    ACCOUNT_TOKEN_SECRET: accountTokenSecret,
    // one process is the client of every test here
    ACCOUNT_MAILS_PER_ADDRESS: '0',
    RATE_LIMIT_PER_MINUTE: '0',
    // two cores and several workers: a slow moment must not turn answers into 503
    MAX_EVENT_LOOP_DELAY_MS: '0',
    LOG_LEVEL: 'silent',
    ...env,
  });
  const counter = countQueries();
  const database = openDatabase({
    primaryUrl: config.DATABASE_URL,
    replicaUrls: config.DATABASE_REPLICA_URLS,
    poolSize: config.DATABASE_POOL_SIZE,
    replicaPoolSize: 2,
    applicationName: 'families-test',
    onEvent: counter.onEvent,
  });
  const redis = await connectRedis(config.REDIS_SESSIONS_URL, { commandTimeoutMs: 2_000 });
  const health = new Health();
  const app = await buildApp(config, {
    logger: createLogger({ service: 'families', level: config.LOG_LEVEL, format: 'json' }),
    health,
    metrics: new Metrics({ service: 'families', defaults: false }),
    database,
    redis,
    redisPrefix: keyPrefix,
  });
  const passwords = openPasswords({ secret: '', concurrent: 2, queued: 100 });

  const client = (cookie?: string): Client => ({
    cookie,
    async send(method, url, body, headers = {}) {
      const response = await app.inject({
        method,
        url,
        headers: { ...(cookie === undefined ? {} : { cookie }), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      const json = String(response.headers['content-type']).includes('json') && response.body !== '';
      return {
        status: response.statusCode,
        headers: response.headers,
        body: (json ? JSON.parse(response.body) : response.body) as Body,
      };
    },
  });
  const anonymous = client();
  const signIn = async (email: string, secret = password): Promise<Client> => {
    const { status, headers, body } = await anonymous.send('POST', '/api/sessions', { email, password: secret });
    if (status !== 201) throw new Error(`sign-in answered ${status} ${JSON.stringify(body)}`);
    return client(String(headers['set-cookie']).split(';')[0]);
  };

  const tokens: TestApp['tokens'] = async (email, purpose) => {
    const { rows } = await database.query<{ payload: Buffer }>({
      name: 'test_tokens',
      text: `select payload from outbox where headers->>'ce_type' = $1 order by sequence`,
      values: [`homeroom.account.${purpose}-requested.v1`],
    });
    return rows
      .map(({ payload }) => JSON.parse(payload.toString()) as { email: string; tokenId: string })
      .filter((mail) => mail.email === email)
      .map(({ tokenId }) => accountToken(tokenId, accountTokenSecret));
  };

  return {
    app,
    database,
    testDatabase,
    counter,
    redis,
    anonymous,
    openSessions: (absoluteSeconds) =>
      openSessions({ redis, keyPrefix, ...(absoluteSeconds === undefined ? {} : { absoluteSeconds }) }),
    signIn,
    async family(given) {
      const registration = registrationOf(given);
      const { status, body } = await anonymous.send('POST', '/api/families', registration);
      if (status !== 201) throw new Error(`registration answered ${status} ${JSON.stringify(body)}`);
      const { email } = registration.guardian;
      return { ...(await signIn(email)), family: body, email };
    },
    async coordinator() {
      const email = newEmail();
      const passwordHash = await passwords.hash(password);
      await saveCoordinator(database, { id: uuidv7(), email, name: 'Robin', passwordHash });
      return signIn(email);
    },
    async outbox(key) {
      const { rows } = await database.query<{ type: string; key: string; payload: Buffer }>({
        name: 'test_outbox',
        text: `select headers->>'ce_type' as type, key, payload from outbox
               where $1::text is null or key = $1 order by sequence`,
        values: [key ?? null],
      });
      return rows.map(({ type, key, payload }) => ({
        type,
        key,
        data: JSON.parse(payload.toString()) as FamilySnapshot,
      }));
    },
    tokens,
    async verify(email) {
      const token = (await tokens(email, 'verification')).at(-1);
      const { status } = await anonymous.send('POST', '/api/email-verifications/confirm', { token });
      if (status !== 204) throw new Error(`verification answered ${status}`);
    },
    async rows(text, values = []) {
      const name = `test_${uuidv7()}`;
      return (await database.query({ name, text, values })).rows;
    },
    async close() {
      await app.close();
      health.stop();
      await database.close();
      await redis.quit().catch(() => redis.disconnect());
      await testDatabase.drop();
    },
  };
}
