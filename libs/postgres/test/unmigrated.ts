import { openDatabase } from '@homeroom/postgres';
import { createTestDatabase, type TestDatabase } from '@homeroom/testing';

/** A database without migrations. Test databases come migrated by the code under test, so their record is dropped. */
export async function createUnmigrated(): Promise<TestDatabase> {
  const fresh = await createTestDatabase({ migrations: [] });
  const db = openDatabase({
    primaryUrl: fresh.url,
    replicaUrls: [],
    poolSize: 2,
    replicaPoolSize: 1,
    applicationName: 'migrate-test',
  });
  await db.query({ name: 'drop_record', text: 'drop table schema_migrations' });
  await db.close();
  return fresh;
}
