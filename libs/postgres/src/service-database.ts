import type { Logger, Shell } from '@homeroom/telemetry';
import { openDatabase, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { observeDatabase } from './observe-database.ts';
import { checkConnectionBudget } from './pool-size.ts';
import { waitForSchema } from './wait-for-schema.ts';

/** As the chassis's `databaseConfig` reads it. */
interface DatabaseConfig {
  readonly DATABASE_URL: string;
  readonly DATABASE_REPLICA_URLS: readonly string[];
  readonly DATABASE_POOL_SIZE: number;
  readonly DATABASE_REPLICA_POOL_SIZE: number;
  readonly DATABASE_CONNECTIONS_PLANNED: number;
  readonly SCHEMA_WAIT_MS: number;
}

/** An answer of the primary counts for this long as a health check: the check's own interval. */
const answerLastsMs = 2_000;

/**
 * Opens a process's database: measured, watched by a health check, closed at the end. Waits SCHEMA_WAIT_MS for a database
 * that is down or lacks migrations: both may be starting at the same time.
 * @param migrations the folder of the service's migrations.
 * @throws {Error} when the schema does not fit this version, or the pools of all processes exceed what the server accepts.
 */
export async function openServiceDatabase(
  shell: Omit<Shell<DatabaseConfig>, 'service' | 'run'>,
  migrations: URL,
): Promise<Database> {
  const { name, config, logger, metrics, health, signal, onClose } = shell;
  const database = openDatabase({
    primaryUrl: config.DATABASE_URL,
    replicaUrls: config.DATABASE_REPLICA_URLS,
    poolSize: config.DATABASE_POOL_SIZE,
    replicaPoolSize: config.DATABASE_REPLICA_POOL_SIZE,
    applicationName: name,
    onEvent: observeDatabase({ logger, metrics }),
  });
  onClose('database', () => database.close());
  metrics.gauge('db_pool_connections', 'Connections to the primary', ['state'], (gauge) => {
    const { total, idle, waiting } = database.poolStats();
    gauge.set({ state: 'busy' }, total - idle);
    gauge.set({ state: 'idle' }, idle);
    gauge.set({ state: 'waited-for' }, waiting);
  });
  await waitForSchema(database, migrations, {
    waitMs: config.SCHEMA_WAIT_MS,
    signal,
    onWaiting: (reason) => logger.warn({ reason }, 'waiting for the database'),
  });
  await checkConnectionBudget(database, { planned: config.DATABASE_CONNECTIONS_PLANNED });
  health.check('postgres', async (signal) => {
    if (!database.answeredWithin(answerLastsMs)) await database.ping(signal);
  });
  return database;
}

/** Brings a service's schema up to date, as its `migrate.ts` does before its processes start, and logs each step. */
export async function migrateService(service: { url: string; migrations: URL; logger: Logger }): Promise<void> {
  const { url, migrations: directory, logger } = service;
  const { applied } = await migrate({
    url,
    directory,
    onEvent: (event) =>
      event.type === 'waiting'
        ? logger.warn({ reason: event.error.message, delayMs: Math.round(event.delayMs) }, 'waiting for the database')
        : logger.info({ name: event.name, ms: Math.round(event.ms) }, 'applied'),
  });
  logger.info({ applied: applied.length }, 'the schema is up to date');
}

/**
 * What `runCommand` of the chassis opens a service's database with.
 * @param migrations for a command that may start before them: it waits SCHEMA_WAIT_MS for them.
 */
export function commandDatabase({ migrations, ...limits }: { migrations?: URL; statementTimeoutMs?: number } = {}) {
  return async (command: {
    name: string;
    config: { readonly DATABASE_URL: string; readonly SCHEMA_WAIT_MS: number };
    onWaiting: (reason: string) => void;
  }): Promise<Database> => {
    const { name, config, onWaiting } = command;
    const database = openDatabase({
      primaryUrl: config.DATABASE_URL,
      replicaUrls: [],
      poolSize: 2,
      replicaPoolSize: 1,
      applicationName: name,
      ...limits,
    });
    if (migrations === undefined) return database;
    try {
      await waitForSchema(database, migrations, { waitMs: config.SCHEMA_WAIT_MS, onWaiting });
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  };
}
