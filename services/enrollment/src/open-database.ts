import type { Logger, Metrics } from '@homeroom/chassis';
import { checkConnectionBudget, checkSchema, openDatabase, type Database } from '@homeroom/postgres';
import type { ApiConfig, WorkerConfig } from './config.ts';
import { observeDatabase } from './observe-database.ts';

export const migrations = new URL('../migrations/', import.meta.url);

/**
 * Opens the service's database as both kinds of process need it.
 * @throws {Error} when the schema does not fit this version or the pools of all processes are more than the server takes.
 */
export async function openEnrollment(
  config: ApiConfig | WorkerConfig,
  { applicationName, logger, metrics }: { applicationName: string; logger: Logger; metrics: Metrics },
): Promise<Database> {
  const database = openDatabase({
    primaryUrl: config.DATABASE_URL,
    replicaUrls: config.DATABASE_REPLICA_URLS,
    poolSize: config.DATABASE_POOL_SIZE,
    replicaPoolSize: config.DATABASE_REPLICA_POOL_SIZE,
    applicationName,
    onEvent: observeDatabase({ logger, metrics }),
  });
  metrics.gauge('db_pool_connections', 'Connections to the primary', ['state'], (gauge) => {
    const { total, idle, waiting } = database.poolStats().primary;
    gauge.set({ state: 'busy' }, total - idle);
    gauge.set({ state: 'idle' }, idle);
    gauge.set({ state: 'waited-for' }, waiting);
  });
  await checkSchema(database, migrations);
  await checkConnectionBudget(database, { planned: config.DATABASE_CONNECTIONS_PLANNED });
  return database;
}
