import {
  checkConnectionBudget,
  isUnavailable,
  migrate,
  openDatabase,
  waitForSchema,
  type Database,
} from '@homeroom/postgres';
import { ConfigError, loadConfig, migrationConfig, type DatabaseConfig, type ProcessConfig } from './wiring/config.ts';
import { createLogger } from './wiring/logger.ts';
import { observeDatabase } from './observe-database.ts';
import type { Shell } from './process/process.ts';

/** For so long an answer of the primary stands for the next one, as long as the health check's own interval. */
const answerLastsMs = 2_000;

/**
 * Opens a process's database: measured, watched by a health check, closed at the end.
 * @param migrations the folder of the service's migrations.
 * Waits SCHEMA_WAIT_MS for a database that is away or lacks migrations: both may be starting beside this process.
 * @throws {Error} when the schema does not fit this version, or the pools of all processes are more than the server takes.
 */
export async function openServiceDatabase(
  {
    name,
    config,
    logger,
    metrics,
    health,
    signal,
    onClose,
  }: Pick<
    Shell<ProcessConfig & DatabaseConfig>,
    'name' | 'config' | 'logger' | 'metrics' | 'health' | 'signal' | 'onClose'
  >,
  migrations: URL,
): Promise<Database> {
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
    const { total, idle, waiting } = database.poolStats().primary;
    gauge.set({ state: 'busy' }, total - idle);
    gauge.set({ state: 'idle' }, idle);
    gauge.set({ state: 'waited-for' }, waiting);
  });
  let said = '';
  await waitForSchema(database, migrations, {
    waitMs: config.SCHEMA_WAIT_MS,
    signal,
    onWaiting: ({ message }) => {
      if (message !== said) logger.warn({ reason: message }, 'waiting for the database');
      said = message;
    },
  });
  await checkConnectionBudget(database, { planned: config.DATABASE_CONNECTIONS_PLANNED });
  health.check('postgres', async (signal) => {
    if (!database.answeredWithin(answerLastsMs)) await database.ping(signal);
  });
  return database;
}

/** Exit codes of a migration, after sysexits.h: who runs it knows from them whether another try may help. */
const exitCodes = { failed: 1, tryAgain: 75, misconfigured: 78 } as const;

/**
 * Brings a service's schema up to date, as its `migrate.ts` does before its processes start. Reads DATABASE_MIGRATION_URL,
 * waits for the database, and may run in several places at once. Exits 0 when the schema is up to date, 75 when another try may
 * succeed (no database, a lock that was held), 78 when the configuration makes no sense, 1 when a migration fails for good.
 */
export async function migrateService({ service, migrations }: { service: string; migrations: URL }): Promise<void> {
  const logger = createLogger({ service, role: 'migrate' });
  try {
    const { applied } = await migrate({
      url: loadConfig(migrationConfig).DATABASE_MIGRATION_URL,
      directory: migrations,
      onEvent: (event) =>
        event.type === 'waiting'
          ? logger.warn({ reason: event.error.message, delayMs: Math.round(event.delayMs) }, 'waiting for the database')
          : logger.info({ name: event.name, ms: Math.round(event.ms) }, 'applied'),
    });
    logger.info({ applied: applied.length }, 'the schema is up to date');
  } catch (error) {
    logger.fatal({ err: error }, 'the schema is not up to date');
    if (error instanceof ConfigError) process.exitCode = exitCodes.misconfigured;
    else process.exitCode = isUnavailable(error) ? exitCodes.tryAgain : exitCodes.failed;
  }
}
