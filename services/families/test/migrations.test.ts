import { openDatabase } from '@homeroom/postgres';
import { createTestDatabase } from '@homeroom/testing';
import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';

const migration = (name: string): Promise<string> =>
  readFile(new URL(`../migrations/${name}.sql`, import.meta.url), 'utf8');

/** What 0.1.0 writes. */
const insertAsBefore = (email: string): string =>
  `insert into accounts (id, email, name, role) values (gen_random_uuid(), '${email}', 'C', 'coordinator')`;

test('S1: accounts from before are verified; those that 0.1.0 adds to the new schema are not', async () => {
  const migrations = [
    await migration('0001_families'),
    insertAsBefore('before@example.org'),
    await migration('0002_accounts'),
    insertAsBefore('rolled-back@example.org'),
  ];
  const before = await createTestDatabase({ migrations });
  const database = openDatabase({
    primaryUrl: before.url,
    replicaUrls: [],
    poolSize: 1,
    replicaPoolSize: 1,
    applicationName: 'families-test',
  });
  try {
    const { rows } = await database.query({
      name: 'test_accounts',
      text: 'select email, email_verified_at is not null as verified from accounts order by email',
    });
    expect(rows).toEqual([
      { email: 'before@example.org', verified: true },
      { email: 'rolled-back@example.org', verified: false },
    ]);
  } finally {
    await database.close();
    await before.drop();
  }
});
