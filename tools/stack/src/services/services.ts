import { join } from 'node:path';
import type { ConnectionBudget } from '../engines/budget.ts';
import type { ServiceDatabase } from '../engines/databases.ts';
import type { Engines } from '../engines/engines.ts';
import type { StackOptions } from '../options/options.ts';
import type { PortName } from '../options/port-table.ts';
import { apiNames, workerName, type ServiceName } from '../options/service-names.ts';
import type { ProcessSpec } from '../processes/child.ts';
import { expectOk, untilServing } from '../processes/serving.ts';
import type { Secrets } from './secrets.ts';

export type ServiceWorld = ReturnType<typeof serviceWorld>;

/** What the services need to know about their environment. */
export function serviceWorld(options: StackOptions, engines: Engines, secrets: Secrets, budget: ConnectionBudget) {
  const { checkout, host, ports, external, env } = options;
  return {
    checkout,
    host,
    ports,
    publicOrigin: env['PUBLIC_ORIGIN'] ?? `http://${host}:${ports.gateway}`,
    /** The address that the gateway calls from, the only trusted proxy. On Linux no client uses it by accident. */
    gatewaySource: process.platform === 'linux' && host.startsWith('127.') ? '127.0.0.2' : host,
    engines,
    smtpUrl: external.smtp ?? `smtp://${host}:${ports.smtp}`,
    paymentUrl: external.payments ?? `http://${host}:${ports.payments}`,
    webhookSecret: env['PAYMENT_WEBHOOK_SECRET'] ?? secrets.webhooks,
    secrets,
    budget,
    /** The caller's environment, whose settings take precedence. */
    env,
    compileCache: join(checkout, '.homeroom', 'compile-cache'),
  };
}

export function apiSpecs(world: ServiceWorld, service: ServiceName, database: ServiceDatabase): ProcessSpec[] {
  return apiNames(service).map((name) =>
    nodeSpec(world, service, name, 'api.ts', {
      ...environment(world, service, database),
      PORT: String(world.ports[name as PortName]),
    }),
  );
}

export function workerSpec(world: ServiceWorld, service: ServiceName, database: ServiceDatabase): ProcessSpec {
  return nodeSpec(world, service, workerName(service), 'worker.ts', {
    ...environment(world, service, database),
    KAFKA_BROKERS: world.engines.kafka,
  });
}

/** The command line of a service's one-shot program (migrate, imports, …) with the environment it needs. */
export function commandOf(
  world: ServiceWorld,
  service: ServiceName,
  database: ServiceDatabase,
  file: string,
  args: string[] = [],
): { command: string; args: string[]; cwd: string; env: NodeJS.ProcessEnv } {
  return {
    command: process.execPath,
    args: [...nodeFlags, join('src', file), ...args],
    cwd: join(world.checkout, 'services', service),
    env: {
      ...environment(world, service, database),
      KAFKA_BROKERS: world.engines.kafka,
      DATABASE_MIGRATION_URL: database.migrationUrl,
    },
  };
}

// Saves memory: the young generation would grow to 48 MB in each of nine processes. Source maps would cost 20 MB per process and
// are not needed, because stripped types keep lines and columns.
const nodeFlags = ['--conditions=@homeroom/source', '--max-semi-space-size=4'];

function nodeSpec(
  { checkout, host, ports }: ServiceWorld,
  service: ServiceName,
  name: string,
  file: string,
  env: NodeJS.ProcessEnv,
): ProcessSpec {
  const opsPort = ports[`${name}-ops` as PortName];
  return {
    name,
    command: process.execPath,
    args: [...nodeFlags, join('src', file)],
    cwd: join(checkout, 'services', service),
    env: { ...env, OPS_PORT: String(opsPort) },
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => expectOk(`http://${host}:${opsPort}/health/ready`)),
  };
}

function environment(world: ServiceWorld, service: ServiceName, database: ServiceDatabase): NodeJS.ProcessEnv {
  const settings: Record<string, string> = {
    NODE_ENV: 'development',
    NODE_COMPILE_CACHE: world.compileCache,
    HOST: world.host,
    LOG_FORMAT: 'json',
    TRUSTED_PROXIES: `${world.gatewaySource}/32`,
    PUBLIC_ORIGIN: world.publicOrigin,
    SHUTDOWN_DEADLINE_MS: '1300',
    TIME_ZONE: 'America/Chicago',
    COOP_NAME: 'Willow Creek Co-op',
    COOP_SLUG: 'willow-creek',
    MAIL_FROM: 'Willow Creek Co-op <hello@willow-creek.example>',
    ...onlyNamed(world.env),
    DATABASE_URL: database.url,
    DATABASE_REPLICA_URLS: database.replicaUrls.join(','),
    DATABASE_POOL_SIZE: String(world.budget.poolSize),
    DATABASE_REPLICA_POOL_SIZE: String(world.budget.replicaPoolSize),
    DATABASE_CONNECTIONS_PLANNED: String(world.budget.planned),
    // everything starts at once: the database may not answer the first question in time
    SCHEMA_WAIT_MS: '30000',
    REDIS_SESSIONS_URL: world.engines.redisSessions,
    REDIS_CACHE_URL: world.engines.redisCache,
    CURSOR_SECRET: world.secrets.cursors,
  };
  const { paymentUrl, secrets, smtpUrl, webhookSecret } = world;
  const own: Record<ServiceName, Record<string, string>> = {
    families: { ACCOUNT_TOKEN_SECRET: secrets.accountTokens },
    enrollment: { PAYMENT_URL: paymentUrl, PAYMENT_WEBHOOK_SECRET: webhookSecret },
    notifications: { ACCOUNT_TOKEN_SECRET: secrets.accountTokens, SMTP_URL: smtpUrl },
  };
  return { ...settings, ...own[service] };
}

/** The caller's environment without variables that would change a service's port or make it behave as a test. */
function onlyNamed(env: NodeJS.ProcessEnv): Record<string, string> {
  const dropped = /^(PORT|OPS_PORT|HOST|NODE_OPTIONS|npm_.*|INIT_CWD|JEST_WORKER_ID)$/;
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !dropped.test(entry[0])),
  );
}
