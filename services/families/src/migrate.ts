import { runJob } from '@homeroom/chassis';
import { isUnavailable, migrateService, openDatabase } from '@homeroom/postgres';
import { migrationConfig, migrations } from './config.ts';
import { openFirstCoop } from './coops/open-first-coop.ts';

await runJob(
  { service: 'families', role: 'migrate', config: migrationConfig, isTemporary: isUnavailable },
  async ({ config, logger }) => {
    const url = config.DATABASE_MIGRATION_URL;
    await migrateService({ url, migrations, logger });
    const database = openDatabase({
      primaryUrl: url,
      replicaUrls: [],
      poolSize: 1,
      replicaPoolSize: 1,
      applicationName: 'families-migrate',
    });
    try {
      const { COOP_SLUG: slug, COOP_NAME: name, TIME_ZONE: timeZone, COOP_CURRENCY: currency } = config;
      const first = { slug, name, timeZone, currency, locale: config.COOP_LOCALE, hosts: [], quotas: {} };
      if (await openFirstCoop(database, first)) logger.info({ slug }, 'opened the first co-op');
    } finally {
      await database.close();
    }
  },
);
