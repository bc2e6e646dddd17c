import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { migrate, openDatabase, type Database } from '@homeroom/postgres';
import { startFaultProxy, waitFor, type TestDatabase } from '@homeroom/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkSchema } from '../src/check-schema.ts';
import { DatabaseUnavailableError } from '../src/errors.ts';
import { createUnmigrated } from './unmigrated.ts';

let directory: string;
let opened: TestDatabase;
let database: Database;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  opened = await createUnmigrated();
  database = openDatabase({
    primaryUrl: opened.url,
    replicaUrls: [],
    poolSize: 2,
    replicaPoolSize: 1,
    applicationName: 'migrate-test',
  });
});
afterEach(async () => {
  await database.close();
  await opened.drop();
  await rm(directory, { recursive: true });
});

const file = (name: string, sql: string): Promise<void> => writeFile(join(directory, name), sql);
const run = (): Promise<{ applied: string[] }> => migrate({ url: opened.url, directory });
const tables = async (): Promise<string[]> => {
  const statement = {
    name: 'tables',
    text: `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  };
  return (await database.query<{ name: string }>(statement)).rows.map(({ name }) => name);
};

describe('migrate', () => {
  test('applies what is new, in order, once', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await file('0002_toys.sql', 'create table toys (pet text); create index on toys (pet);');
    expect(await run()).toEqual({ applied: ['0001_pets', '0002_toys'] });
    expect(await run()).toEqual({ applied: [] });
    await file('0003_beds.sql', 'create table beds (pet text);');
    expect(await run()).toEqual({ applied: ['0003_beds'] });
    expect(await tables()).toEqual(['beds', 'pets', 'schema_migrations', 'toys']);
  });

  test('eight runners at once apply everything exactly once', async () => {
    await file('0001_pets.sql', `create table pets (name text); insert into pets select 'Rex' from pg_sleep(0.1);`);
    await file('0002_toys.sql', 'create table toys (pet text);');
    const runs = await Promise.all(Array.from({ length: 8 }, run));
    expect(runs.flatMap(({ applied }) => applied)).toEqual(['0001_pets', '0002_toys']);
    expect((await database.query({ name: 'pets', text: 'select 1 from pets' })).rowCount).toBe(1);
  });

  test('a file that fails leaves nothing of itself, and what came before stays', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await file('0002_toys.sql', 'create table toys (pet text); select 1 / 0;');
    await expect(run()).rejects.toThrow('0002_toys.sql failed and was rolled back: division by zero');
    await expect(run()).rejects.not.toBeInstanceOf(DatabaseUnavailableError);
    expect(await tables()).toEqual(['pets', 'schema_migrations']);
    await file('0002_toys.sql', 'create table toys (pet text);');
    expect(await run()).toEqual({ applied: ['0002_toys'] });
  });

  test('a file that was changed after it was applied is refused; other line ends are no change', async () => {
    await file('0001_pets.sql', 'create table pets (name text);\n');
    await run();
    await file('0001_pets.sql', 'create table pets (name text);\r\n');
    await run();
    await file('0001_pets.sql', 'create table pets (name text, age int);\n');
    await expect(run()).rejects.toThrow('make the change a new migration');
  });

  test.each([
    [['0002_toys.sql'], '0001_<what_it_does>.sql'],
    [['0001_pets.sql', '0001_toys.sql'], '0002_<what_it_does>.sql'],
    [['0001_pets.sql', '0003_toys.sql'], '0002_<what_it_does>.sql'],
    [['0001-pets.sql'], '0001_<what_it_does>.sql'],
  ])('%j: numbers have no gaps and no twins', async (names, expected) => {
    for (const name of names) await file(name, 'select 1;');
    await expect(run()).rejects.toThrow(expected);
  });

  test('waits for a database that is not there yet', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    const { hostname: host, port } = new URL(opened.url);
    const proxy = await startFaultProxy({ target: { host, port: Number(port) } });
    try {
      proxy.refuse();
      let waits = 0;
      const running = migrate({
        url: proxy.through(opened.url),
        directory,
        onEvent: ({ type }) => (waits += type === 'waiting' ? 1 : 0),
      });
      await waitFor('two attempts', () => waits >= 2);
      proxy.accept();
      expect(await running).toEqual({ applied: ['0001_pets'] });
      proxy.refuse();
      await expect(migrate({ url: proxy.through(opened.url), directory, waitMs: 100 })).rejects.toThrow(
        'did not answer within 100 ms',
      );
    } finally {
      await proxy.close();
    }
  });

  test('a migration that cannot have its lock gives up before it holds up everyone', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await run();
    await file('0002_pets_age.sql', 'alter table pets add column age int;');
    await database.transaction(async (trx) => {
      await trx.query({ name: 'read_pets', text: 'select * from pets' });
      await expect(migrate({ url: opened.url, directory, lockTimeoutMs: 100 })).rejects.toThrow('lock timeout');
      await expect(migrate({ url: opened.url, directory, lockTimeoutMs: 100 })).rejects.toBeInstanceOf(
        DatabaseUnavailableError,
      );
    });
  });

  test.each([
    ['a database', (url: URL) => void (url.pathname = '/not-made-yet')],
    ['a role', (url: URL) => void (url.username = 'not-made-yet')],
  ])('%s that is not made yet may come: another try is worth it', async (_, without) => {
    const url = new URL(opened.url);
    without(url);
    await expect(migrate({ url: url.href, directory })).rejects.toBeInstanceOf(DatabaseUnavailableError);
  });
});

describe('checkSchema', () => {
  test('lets a process start on the schema it was written for', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await run();
    await checkSchema(database, directory);
  });

  test('refuses a schema that lacks something, and says how to fix it', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await expect(checkSchema(database, directory)).rejects.toThrow('lacks 0001_pets: run the service');
  });

  test('an old binary starts on a newer schema, but not on a breaking one', async () => {
    await file('0001_pets.sql', 'create table pets (name text);');
    await file('0002_toys.sql', 'create table toys (pet text);');
    await run();
    await rm(join(directory, '0002_toys.sql'));
    await checkSchema(database, directory);
    expect(await run()).toEqual({ applied: [] });

    await file('0002_toys.sql', 'create table toys (pet text);');
    await file('0003_no_pets.sql', '-- breaking: pets are dropped\ndrop table pets;');
    await run();
    await rm(join(directory, '0003_no_pets.sql'));
    await expect(checkSchema(database, directory)).rejects.toThrow(
      'the breaking migration 0003_no_pets, which this version does not know: deploy the newer version',
    );
    await expect(run()).rejects.toThrow('breaking migration');
  });
});
