import { migrationConfig, runJob } from '@homeroom/chassis';
import { isUnavailable, migrateService } from '@homeroom/postgres';
import { migrations } from './config.ts';

await runJob(
  { service: 'families', role: 'migrate', config: migrationConfig, isTemporary: isUnavailable },
  ({ config, logger }) => migrateService({ url: config.DATABASE_MIGRATION_URL, migrations, logger }),
);
