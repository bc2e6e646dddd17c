import { createLogger, loadConfig } from '@homeroom/chassis';
import { migrate } from '@homeroom/postgres';
import { migrationConfig } from './config.ts';
import { migrations } from './open-database.ts';

const logger = createLogger({ service: 'enrollment', role: 'migrate' });
const { applied } = await migrate({
  url: loadConfig(migrationConfig).DATABASE_MIGRATION_URL,
  directory: migrations,
  onEvent: (event) =>
    event.type === 'waiting'
      ? logger.warn({ err: event.error, delayMs: event.delayMs }, 'waiting for the database')
      : logger.info({ name: event.name, ms: Math.round(event.ms) }, 'applied'),
});
logger.info({ applied: applied.length }, 'the schema is up to date');
