import { createLogger, Health, loadConfig, Metrics, type ZodFastify } from '@homeroom/chassis';
import { accountToken, type FamilySnapshot } from '@homeroom/contracts';
import { Directory, readCoops } from '@homeroom/coops';
import { runNextImport, type ImportsOptions } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { openServiceEngines, type EngineOptions, type ServiceEngines } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { saveCoordinator, saveOperator } from '../src/accounts/store.ts';
import { buildApp } from '../src/app.ts';
import { apiConfig } from '../src/config.ts';
import { openPasswords } from '../src/credentials/passwords.ts';
import { errors } from '../src/errors.ts';
import type { Child, Family, Registration } from '../src/families/schemas.ts';
import { importRoster } from '../src/roster/import-roster.ts';
import { importRosters } from '../src/roster/import-rosters.ts';

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
  readonly id: string;
  readonly report: Body | undefined;
  readonly problem: { code: string; detail?: string } | undefined;
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
  /**
   * Sends a roster, lets a worker import it, and asks for the job.
   * @returns the report with 200; the problem of a file or a request that was refused with its status.
   */
  importing(
    csv: string | Buffer,
    client: Client,
    options?: { headers?: Record<string, string>; query?: string },
  ): Promise<Answer>;
  /** Imports a roster without a job, as the command does. */
  importNow(csv: string | Buffer): ReturnType<typeof importRoster>;
  /** Imports what waits, as a worker does. */
  runImports(): Promise<void>;
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
  const imports = importRosters({ database: engines.database, passwords }, accountTokenSecret);
  const runImports: Harness['runImports'] = async () => {
    const onEvent = (event: Parameters<ImportsOptions['onEvent']>[0]): void => {
      if ('error' in event) throw event.error;
    };
    const options = { ...imports, leaseMs: 60_000, pollMs: 1, onEvent };
    while (await runNextImport(options, new AbortController().signal));
  };
  const importing: Harness['importing'] = async (csv, client, { headers = {}, query = '' } = {}) => {
    const sent = await client.send('POST', `/api/families/import${query}`, csv, {
      'content-type': 'text/csv',
      ...headers,
    });
    if (sent.status !== 202) return sent;
    await runImports();
    const { body, ...answer } = await client.send('GET', String(sent.headers['location']));
    if (body.problem === undefined) return { ...answer, body: body.report ?? body };
    return {
      ...answer,
      status: errors.entries[body.problem.code]?.status ?? 500,
      body: body.problem as unknown as Body,
    };
  };
  return {
    ...engines,
    ...{ app, anonymous, coops, signIn, tokens, importing, runImports },
    importNow: (csv) => importRoster({ db: engines.db, passwords }, { bytes: Buffer.from(csv), preview: false }),
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
      await saveCoordinator(engines.db, { id: uuidv7(), email, name: 'Robin', passwordHash });
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

/** Another process on the engines of a service. @param database how it reads and writes. */
export const startBeside = (service: Harness, database: Database): Promise<ZodFastify> =>
  startApp({ ...service, database }, service.coops, {});

/** @param host of its requests. */
export const clientOf = (app: ZodFastify, cookie?: string, host?: string): Client => ({
  cookie,
  async send(method, url, body, headers = {}) {
    const response = await app.inject({
      method,
      url,
      headers: { ...(cookie === undefined ? {} : { cookie }), ...(host === undefined ? {} : { host }), ...headers },
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
