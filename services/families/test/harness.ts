import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import { accountToken, type FamilySnapshot } from '@homeroom/contracts';
import { Directory, readCoops } from '@homeroom/coops';
import { openServiceEngines, type EngineOptions, type ServiceEngines } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { openPasswords } from '../src/credentials/passwords.ts';
import { saveCoordinator, saveOperator } from '../src/accounts/store.ts';
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

/** The service as one API process has it, over engines of its own. */
export interface Harness extends ServiceEngines {
  readonly app: ZodFastify;
  readonly anonymous: Client;
  /** A registered family and a client that is signed in as its guardian. */
  family(given?: Partial<Registration>): Promise<Guardian>;
  coordinator(): Promise<Client>;
  operator(): Promise<Client>;
  /** What the process holds; a process follows its table, a test puts changes into it. */
  readonly coops: Directory;
  signIn(email: string, password?: string): Promise<Client>;
  /** The tokens of the mails that were requested, oldest first. */
  tokens(email: string, purpose: 'verification' | 'password-reset'): Promise<string[]>;
  /** Opens the link of the verification mail. */
  verify(email: string): Promise<void>;
  /** Rows of the outbox in order, with parsed payloads. */
  outbox(key?: string): Promise<OutboxRow[]>;
}

interface OutboxRow {
  readonly type: string;
  readonly key: string;
  readonly data: FamilySnapshot;
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

/** Starts the service on engines of its own. @param env changes of the configuration. */
export async function startHarness({
  env = {},
  ...options
}: EngineOptions & { env?: Record<string, string> } = {}): Promise<Harness> {
  const engines = await openServiceEngines('families', options);
  const coops = new Directory((await readCoops(engines.database, { revision: 0 })).coops);
  const app = await startApp(engines, coops, env);
  const anonymous = clientOf(app);
  const passwords = openPasswords({ secret: '', concurrent: 2, queued: 100 });
  const signIn: Harness['signIn'] = async (email, secret = password) => {
    const { status, headers, body } = await anonymous.send('POST', '/api/sessions', { email, password: secret });
    if (status !== 201) throw new Error(`sign-in answered ${status} ${JSON.stringify(body)}`);
    return clientOf(app, String(headers['set-cookie']).split(';')[0]);
  };
  const tokens: Harness['tokens'] = async (email, purpose) => {
    const mails = await outboxOf<{ email: string; tokenId: string }>(engines);
    return mails
      .filter(({ type, data }) => type === `homeroom.account.${purpose}-requested.v1` && data.email === email)
      .map(({ data }) => accountToken(data.tokenId, accountTokenSecret));
  };
  return {
    ...engines,
    ...{ app, anonymous, coops, signIn, tokens },
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
      await saveCoordinator(engines.database, { id: uuidv7(), email, name: 'Robin', passwordHash });
      return signIn(email);
    },
    async operator() {
      const email = newEmail();
      const passwordHash = await passwords.hash(password);
      await saveOperator(engines.database, { id: uuidv7(), email, name: 'Ada', passwordHash });
      return signIn(email);
    },
    async outbox(key) {
      const rows = await outboxOf<FamilySnapshot>(engines);
      return key === undefined ? rows : rows.filter((row) => row.key === key);
    },
    async verify(email) {
      const token = (await tokens(email, 'verification')).at(-1);
      const { status } = await anonymous.send('POST', '/api/email-verifications/confirm', { token });
      if (status !== 204) throw new Error(`verification answered ${status}`);
    },
  };
}

async function startApp(
  { testDatabase, database, redis, sessionsUrl, keyPrefix, closing }: ServiceEngines,
  coops: Directory,
  env: Record<string, string>,
): Promise<ZodFastify> {
  const config = loadConfig(apiConfig, {
    DATABASE_URL: testDatabase.url,
    REDIS_SESSIONS_URL: sessionsUrl,
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
  const health = closing.add(new Health(), (it) => it.stop());
  const logger = createLogger({ service: 'families', level: config.LOG_LEVEL, format: 'json' });
  const metrics = new Metrics({ service: 'families', defaults: false });
  const app = await buildApp(config, { logger, health, metrics, database, coops, redis, redisPrefix: keyPrefix });
  return closing.add(app, (it) => it.close());
}

const clientOf = (app: ZodFastify, cookie?: string): Client => ({
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

async function outboxOf<Data>({ rows }: ServiceEngines): Promise<{ type: string; key: string; data: Data }[]> {
  const found = await rows<{ type: string; key: string; payload: Buffer }>(
    `select headers->>'ce_type' as type, key, payload from outbox order by sequence`,
  );
  return found.map(({ type, key, payload }) => ({ type, key, data: JSON.parse(payload.toString()) as Data }));
}
