import { join } from 'node:path';
import type { Supervisor } from '../processes/supervisor.ts';
import type { Progress } from '@homeroom/terminal';
import type { External, StackOptions } from '../options/options.ts';
import type { Binaries } from '../machine/packages.ts';
import type { PortName } from '../options/port-table.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** Where the engines answer, ours and those given from outside alike. */
export interface Engines {
  /** An administrator's URL. */
  postgres: string;
  postgresReplicas: string[];
  redisSessions: string;
  redisCache: string;
  kafka: string;
}

/** What the engines that are not given from outside need of the machine. */
export function engineNeeds(external: External): { binaries: (keyof Binaries)[]; ports: PortName[] } {
  const binaries: (keyof Binaries)[] = [];
  const ports: PortName[] = [];
  if (external.postgres === undefined) ports.push('postgres', 'postgres-replica');
  if (external.redisSessions === undefined) ports.push('redis-sessions');
  if (external.redisCache === undefined) ports.push('redis-cache');
  if (external.redisSessions === undefined || external.redisCache === undefined) binaries.push('redis');
  if (external.kafka === undefined) {
    binaries.push('java', 'maven');
    ports.push('kafka', 'kafka-controller');
  }
  return { binaries, ports };
}

export interface EngineSettings {
  options: StackOptions;
  binaries: Partial<Binaries>;
  postgresPassword: string;
  maxConnections: number;
}

/** Starts all engines at once, but for those given from outside. */
export async function startEngines(
  supervisor: Supervisor,
  progress: Progress,
  settings: EngineSettings,
): Promise<Engines> {
  const [postgres, redisSessions, redisCache, kafka] = await Promise.all([
    postgresOf(supervisor, progress, settings),
    redisOf('sessions', supervisor, progress, settings),
    redisOf('cache', supervisor, progress, settings),
    kafkaOf(supervisor, progress, settings),
  ]);
  return { ...postgres, redisSessions, redisCache, kafka };
}

async function postgresOf(
  supervisor: Supervisor,
  progress: Progress,
  { options, postgresPassword, maxConnections }: EngineSettings,
): Promise<Pick<Engines, 'postgres' | 'postgresReplicas'>> {
  const { external, checkout, stateDir, host, ports, durable } = options;
  if (external.postgres !== undefined)
    return { postgres: external.postgres, postgresReplicas: external.postgresReplicas ?? [] };
  const urls = await progress.step('Postgres 18, primary and replica', () =>
    startPostgres(supervisor, {
      checkout,
      dataDir: join(stateDir, 'data', 'postgres'),
      host,
      primaryPort: ports.postgres,
      replicaPort: ports['postgres-replica'],
      password: postgresPassword,
      maxConnections,
      durable,
    }),
  );
  return { postgres: urls.primary, postgresReplicas: [urls.replica] };
}

async function redisOf(
  role: 'sessions' | 'cache',
  supervisor: Supervisor,
  progress: Progress,
  { options, binaries }: EngineSettings,
): Promise<string> {
  const given = role === 'sessions' ? options.external.redisSessions : options.external.redisCache;
  if (given !== undefined) return given;
  const { stateDir, host, ports } = options;
  const [dataDir, port] = [join(stateDir, 'data', `redis-${role}`), ports[`redis-${role}`]];
  return progress.step(`Redis for ${role}`, () =>
    startRedis(supervisor, { role, dataDir, host, port, binary: binaries.redis! }),
  );
}

async function kafkaOf(
  supervisor: Supervisor,
  progress: Progress,
  { options, binaries }: EngineSettings,
): Promise<string> {
  if (options.external.kafka !== undefined) return options.external.kafka;
  const { stateDir, host, ports } = options;
  return progress.step('Kafka 4.1', () =>
    startKafka(supervisor, {
      jarsDir: join(options.checkout, '.homeroom', 'kafka'),
      dataDir: join(stateDir, 'data', 'kafka'),
      host,
      port: ports.kafka,
      controllerPort: ports['kafka-controller'],
      java: binaries.java!,
      maven: binaries.maven!,
    }),
  );
}
