import { afterAll, expect, test } from '@jest/globals';
import { createTestDatabase, waitFor, type TestDatabase } from '@homeroom/testing';
import pg from 'pg';

const opened: TestDatabase[] = [];
const open = async (...migrations: string[]): Promise<TestDatabase> => {
  const database = await createTestDatabase({ migrations });
  opened.push(database);
  return database;
};
const ask = async (url: string, text: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

afterAll(async () => {
  await Promise.all(opened.map((database) => database.drop()));
});

const pets = 'create table pets (name text primary key);';

test('ten at once come from one template, each with its own rows', async () => {
  const databases = await Promise.all(Array.from({ length: 10 }, () => open(pets, `insert into pets values ('Rex')`)));
  await ask(databases[0]!.url, `insert into pets values ('Mia')`);
  expect(await ask(databases[0]!.url, 'select count(*)::int as n from pets')).toEqual([{ n: 2 }]);
  expect(await ask(databases[1]!.url, 'select count(*)::int as n from pets')).toEqual([{ n: 1 }]);
  expect(new Set(databases.map((database) => database.name)).size).toBe(10);
});

test('other migrations, other template', async () => {
  const plain = await open(pets);
  expect(await ask(plain.url, 'select count(*)::int as n from pets')).toEqual([{ n: 0 }]);
});

test('the replica has the clone at once, and each write after waitForReplica', async () => {
  const database = await open(pets);
  expect(await ask(database.replicaUrl, 'select count(*)::int as n from pets')).toEqual([{ n: 0 }]);
  await ask(database.url, `insert into pets values ('Mia')`);
  await database.waitForReplica();
  expect(await ask(database.replicaUrl, 'select count(*)::int as n from pets')).toEqual([{ n: 1 }]);
});

test('a paused replica stays behind until it is resumed', async () => {
  const database = await open(pets);
  const count = async (): Promise<unknown> =>
    (await ask(database.replicaUrl, 'select count(*)::int as n from pets'))[0]?.['n'];
  await database.pauseReplica();
  try {
    await ask(database.url, `insert into pets values ('Mia')`);
    expect(await count()).toBe(0);
  } finally {
    await database.resumeReplica();
  }
  await waitFor('the row to arrive', async () => (await count()) === 1);
});

test('drop leaves nothing behind, even with a connection open', async () => {
  const database = await open(pets);
  const client = new pg.Client({ connectionString: database.url });
  const ended = new Promise((resolve) => client.on('error', resolve));
  await client.connect();
  await database.drop();
  await ended;
  await expect(ask(database.url, 'select 1')).rejects.toThrow('does not exist');
});
