import { apiNames, workerName, type ServiceName } from '../options/service-names.ts';
import { join } from 'node:path';
import type { ProcessSpec } from '../processes/supervisor.ts';
import { untilServing } from '../processes/supervisor.ts';
import type { PortName, Ports } from '../options/port-table.ts';
import type { ServiceDatabase } from '../engines/databases.ts';
import type { ConnectionBudget } from '../engines/budget.ts';

/** Everything the services are told about the world around them. */
export interface ServiceWorld {
  checkout: string;
  host: string;
  ports: Ports;
  publicOrigin: string;
  /** The address the gateway calls from: who claims a client address from elsewhere is not believed. */
  gatewaySource: string;
  redisSessionsUrl: string;
  redisCacheUrl: string;
  kafkaBrokers: string;
  smtpUrl: string;
  paymentUrl: string;
  webhookSecret: string;
  cursorSecret: string;
  accountTokenSecret: string;
  budget: ConnectionBudget;
  /** The caller's own environment: its settings win over ours. */
  env: NodeJS.ProcessEnv;
  compileCache: string;
}

export function apiSpecs(world: ServiceWorld, service: ServiceName, database: ServiceDatabase): ProcessSpec[] {
  return apiNames(service).map((name) => {
    const [port, opsPort] = [world.ports[name as PortName], world.ports[`${name}-ops` as PortName]];
    return nodeSpec(world, service, name, 'api.ts', opsPort, {
      ...environment(world, service, database),
      PORT: String(port),
      OPS_PORT: String(opsPort),
    });
  });
}

export function workerSpec(world: ServiceWorld, service: ServiceName, database: ServiceDatabase): ProcessSpec {
  const name = workerName(service);
  const opsPort = world.ports[`${name}-ops` as PortName];
  return nodeSpec(world, service, name, 'worker.ts', opsPort, {
    ...environment(world, service, database),
    KAFKA_BROKERS: world.kafkaBrokers,
    OPS_PORT: String(opsPort),
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
      KAFKA_BROKERS: world.kafkaBrokers,
      DATABASE_MIGRATION_URL: database.migrationUrl,
    },
  };
}

// A laptop's share: the young generation would grow to 48 MB per process, nine times over. No source maps, at 20 MB per process:
// stripped types leave every line and column where it was.
const nodeFlags = ['--conditions=@homeroom/source', '--max-semi-space-size=4'];

function nodeSpec(
  world: ServiceWorld,
  service: ServiceName,
  name: string,
  file: string,
  opsPort: number,
  env: NodeJS.ProcessEnv,
): ProcessSpec {
  return {
    name,
    command: process.execPath,
    args: [...nodeFlags, join('src', file)],
    cwd: join(world.checkout, 'services', service),
    env,
    stopTimeoutMs: 1500,
    ready: (signal) => untilServing(signal, () => expectOk(`http://${world.host}:${opsPort}/health/ready`)),
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
    MAIL_FROM: 'Willow Creek Co-op <hello@willow-creek.example>',
    ...onlyNamed(world.env),
    DATABASE_URL: database.url,
    DATABASE_REPLICA_URLS: database.replicaUrls.join(','),
    DATABASE_POOL_SIZE: String(world.budget.poolSize),
    DATABASE_REPLICA_POOL_SIZE: String(world.budget.replicaPoolSize),
    DATABASE_CONNECTIONS_PLANNED: String(world.budget.planned),
    REDIS_SESSIONS_URL: world.redisSessionsUrl,
    REDIS_CACHE_URL: world.redisCacheUrl,
    CURSOR_SECRET: world.cursorSecret,
  };
  if (service !== 'enrollment') Object.assign(settings, { ACCOUNT_TOKEN_SECRET: world.accountTokenSecret });
  if (service === 'enrollment')
    Object.assign(settings, { PAYMENT_URL: world.paymentUrl, PAYMENT_WEBHOOK_SECRET: world.webhookSecret });
  if (service === 'notifications') Object.assign(settings, { SMTP_URL: world.smtpUrl });
  return settings;
}

/** The caller's environment without what would point a service at another's port or make it somebody else's test. */
function onlyNamed(env: NodeJS.ProcessEnv): Record<string, string> {
  const dropped = /^(PORT|OPS_PORT|HOST|NODE_OPTIONS|npm_.*|INIT_CWD|JEST_WORKER_ID)$/;
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && !dropped.test(entry[0])),
  );
}

/** Rejects unless the address answers 200. */
export async function expectOk(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
  await response.body?.cancel();
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`);
}
