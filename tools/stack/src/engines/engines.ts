import type { Progress } from '@homeroom/terminal';
import { join } from 'node:path';
import type { Binaries } from '../machine/packages.ts';
import type { External, StackOptions } from '../options/options.ts';
import type { PortName } from '../options/port-table.ts';
import type { Supervisor } from '../processes/supervisor.ts';
import { startKafka } from './kafka.ts';
import { startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** Where the engines answer, whether the stack started them or not. */
export interface Engines {
  /** An administrator's URL. */
  postgres: string;
  postgresReplicas: string[];
  redisSessions: string;
  redisCache: string;
  kafka: string;
}

/** The programs and ports of the engines that the stack must start. */
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

/** Starts at once all engines that are not given from outside. */
export async function startEngines(
  supervisor: Supervisor,
  progress: Progress,
  { options, binaries, postgresPassword, maxConnections }: EngineSettings,
): Promise<Engines> {
  const { checkout, external, stateDir, host, ports, durable } = options;
  const dataDir = (engine: string): string => join(stateDir, 'data', engine);
  const redis = (role: 'sessions' | 'cache'): Promise<string> =>
    progress.step(`Redis for ${role}`, () =>
      startRedis(supervisor, {
        role,
        dataDir: dataDir(`redis-${role}`),
        host,
        port: ports[`redis-${role}`],
        binary: binaries.redis!,
      }),
    );
  const postgres = (): Promise<{ primary: string; replicas: string[] }> =>
    progress.step('Postgres 18, primary and replica', () =>
      startPostgres(supervisor, {
        checkout,
        dataDir: dataDir('postgres'),
        host,
        primaryPort: ports.postgres,
        replicaPort: ports['postgres-replica'],
        password: postgresPassword,
        maxConnections,
        durable,
      }),
    );
  const kafka = (): Promise<string> =>
    progress.step('Kafka 4.1', () =>
      startKafka(supervisor, {
        jarsDir: join(checkout, '.homeroom', 'kafka'),
        dataDir: dataDir('kafka'),
        host,
        port: ports.kafka,
        controllerPort: ports['kafka-controller'],
        java: binaries.java!,
        maven: binaries.maven!,
        longRunning: durable,
      }),
    );
  const [{ primary, replicas }, redisSessions, redisCache, broker] = await Promise.all([
    external.postgres === undefined
      ? postgres()
      : { primary: external.postgres, replicas: external.postgresReplicas ?? [] },
    external.redisSessions ?? redis('sessions'),
    external.redisCache ?? redis('cache'),
    external.kafka ?? kafka(),
  ]);
  return { postgres: primary, postgresReplicas: replicas, redisSessions, redisCache, kafka: broker };
}
