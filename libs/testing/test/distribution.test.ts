import { createTestDatabase, distributionMistakes, withClient, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ migrations: [] }, { replica: false });
});
afterAll(() => testDatabase.drop());

/** What is wrong with these tables beside the directory. */
async function mistakesOf(...tables: string[]): Promise<string[]> {
  const fresh = 'drop schema public cascade; create schema public';
  const directory = 'create table coops (coop_id uuid primary key, slug text not null unique)';
  await withClient(testDatabase.url, (client) => client.query([fresh, directory, ...tables].join(';\n')));
  return distributionMistakes(testDatabase.url);
}

test('tables whose every key has coop_id can be distributed by it', async () => {
  const mistakes = await mistakesOf(
    'create extension btree_gist',
    `create table classes (coop_id uuid not null references coops, class_id uuid, title text not null, room text, hours int4range,
      primary key (coop_id, class_id), constraint classes_before_coops unique (class_id),
      exclude using gist (room with =, coop_id with =, hours with &&))`,
    'create unique index classes_by_title on classes (lower(title), coop_id) where room is not null',
    'create index classes_by_room on classes (room)',
    `create table seats (class_id uuid, coop_id uuid not null, taken int, primary key (coop_id, class_id),
      foreign key (coop_id, class_id) references classes (coop_id, class_id))`,
    'create table outbox (coop_id uuid not null, sequence bigint generated always as identity primary key)',
  );
  expect(mistakes).toEqual([]);
});

test.each([
  ['a table without it', ['create table pets (name text)'], 'pets has no coop_id uuid not null'],
  ['a table whose rows may have none', ['create table pets (coop_id uuid)'], 'pets has no coop_id uuid not null'],
  ['another type', ['create table pets (coop_id text not null)'], 'pets has no coop_id uuid not null'],
  [
    'a primary key',
    ['create table pets (coop_id uuid not null, pet_id uuid primary key)'],
    'pets: the key pets_pkey does not contain coop_id',
  ],
  [
    'a unique index',
    ['create table pets (coop_id uuid not null, name text)', 'create unique index by_name on pets (name)'],
    'pets: the key by_name does not contain coop_id',
  ],
  [
    'a unique index of an expression, which only includes it',
    [
      'create table pets (coop_id uuid not null, name text)',
      'create unique index by_name on pets (lower(name)) include (coop_id)',
    ],
    'pets: the key by_name does not contain coop_id',
  ],
  [
    'an exclusion',
    [
      'create extension btree_gist',
      'create table stays (coop_id uuid not null, days int4range, constraint once exclude using gist (days with &&))',
    ],
    'stays: the key once does not contain coop_id',
  ],
  [
    'an exclusion that compares it otherwise',
    [
      'create extension btree_gist',
      'create table stays (days int4range, coop_id uuid not null, constraint once exclude using gist (days with &&, coop_id with <>))',
    ],
    'stays: the constraint once does not compare coop_id for equality',
  ],
  [
    'a foreign key',
    [
      `create table pets (coop_id uuid not null, pet_id uuid not null, primary key (coop_id, pet_id),
        constraint pets_before_coops unique (pet_id))`,
      'create table toys (coop_id uuid not null, pet_id uuid constraint of_pet references pets (pet_id))',
    ],
    'toys: the foreign key of_pet does not refer from coop_id to coop_id',
  ],
  [
    'a foreign key that crosses columns',
    [
      'create table pets (coop_id uuid not null, pet_id uuid not null, primary key (coop_id, pet_id))',
      `create table toys (coop_id uuid not null, pet_id uuid not null, constraint of_pet foreign key (pet_id, coop_id)
        references pets (coop_id, pet_id))`,
    ],
    'toys: the foreign key of_pet does not refer from coop_id to coop_id',
  ],
  [
    'a directory that refers to a co-op’s row',
    [
      'create table pets (coop_id uuid not null primary key)',
      'alter table coops add constraint of_pet foreign key (coop_id) references pets',
    ],
    'coops: the foreign key of_pet refers to rows of co-ops',
  ],
])('%s keeps tables from it', async (_, tables, mistake) => {
  expect(await mistakesOf(...tables)).toEqual([mistake]);
});
