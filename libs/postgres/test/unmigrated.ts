import { openDatabase } from '@homeroom/postgres';
import { createTestDatabase, type TestDatabase } from '@homeroom/testing';

/** A database that nobody has migrated. Test databases come migrated by what is tested here, so their record must go. */
export async function createUnmigrated(): Promise<TestDatabase> {
  const fresh = await createTestDatabase({ migrations: [] });
  const db = openDatabase({
    primaryUrl: fresh.url,
    replicaUrls: [],
    poolSize: 2,
    replicaPoolSize: 1,
    applicationName: 'migrate-test',
  });
  await db.query({ name: 'forget', text: 'drop table schema_migrations' });
  await db.close();
  return fresh;
}
