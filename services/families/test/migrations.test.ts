import { openDatabase } from '@homeroom/postgres';
import { createTestDatabase } from '@homeroom/testing';
import { describe, expect, test } from '@jest/globals';
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

describe('0003_coops', () => {
  test('keeps every account, admits operators, and refuses other roles as before', async () => {
    const migrations = await Promise.all(['0001_families', '0002_accounts', '0003_coops'].map(migration));
    migrations.splice(2, 0, insertAsBefore('before@example.org'));
    const after = await createTestDatabase({ migrations: [...migrations, insertAsBefore('rolled-back@example.org')] });
    const database = openDatabase({
      primaryUrl: after.url,
      replicaUrls: [],
      poolSize: 1,
      replicaPoolSize: 1,
      applicationName: 'families-test',
    });
    const insert = (role: string, name: string | null): Promise<unknown> =>
      database.query({
        name: 'test_insert_account',
        text: `insert into accounts (id, email, name, role) values (gen_random_uuid(), $1, $2, $3)`,
        values: [`${role}-${String(name)}@example.org`, name, role],
      });
    try {
      await insert('operator', 'Ada');
      for (const [role, name] of [
        ['operator', null],
        ['coordinator', null],
        ['guardian', null],
        ['owner', 'Ada'],
      ] as const)
        await expect(insert(role, name)).rejects.toThrow('accounts_role');
      const { rows } = await database.query({ name: 'test_roles', text: 'select role from accounts order by role' });
      expect(rows.map(({ role }) => role)).toEqual(['coordinator', 'coordinator', 'operator']);
    } finally {
      await database.close();
      await after.drop();
    }
  });
});
