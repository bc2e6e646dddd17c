import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ofCoop, transact, type CoopQueryable, type Database } from '@homeroom/postgres';
import { countQueries } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { openTest, type Opened } from './opened.ts';

const counter = countQueries();
let opened: Opened;
let database: Database;
beforeAll(async () => {
  opened = await openTest(
    'create table pets (coop_id uuid not null, name text not null, primary key (coop_id, name));',
  );
  database = opened.open({ onEvent: counter.onEvent });
});
afterAll(() => opened.close());

const add = (db: CoopQueryable, name: string) =>
  db.query({ name: 'add_pet', text: 'insert into pets (coop_id, name) values ($1, $2)', values: [db.coopId, name] });
const names = async (db: CoopQueryable): Promise<string[]> => {
  const text = 'select name from pets where coop_id = $1 order by name';
  return (await db.query<{ name: string }>({ name: 'pets', text, values: [db.coopId] })).rows.map(({ name }) => name);
};

test('a query, a transaction, and a read have the co-op that their statements name', async () => {
  const [willow, birch] = [database.ofCoop(randomUUID()), database.ofCoop(randomUUID())];
  await add(willow, 'Rex');
  await birch.transaction((trx) => add(trx, 'Rex'));
  await birch.transaction((trx) => add(trx, 'Tibbles'), { isolation: 'serializable' });
  expect([await names(willow), await names(birch)]).toEqual([['Rex'], ['Rex', 'Tibbles']]);
  await opened.test.waitForReplica();
  const onReplica = await birch.read({ mark: 'any', advance: () => undefined }, names);
  const onPrimary = await birch.read({ mark: 'primary', advance: () => undefined }, names);
  expect([onReplica, onPrimary]).toEqual([
    ['Rex', 'Tibbles'],
    ['Rex', 'Tibbles'],
  ]);
  expect(await willow.read(undefined, async (db) => db.coopId)).toBe(willow.coopId);
});

test('a transaction of a co-op is one: what throws takes back all of it', async () => {
  const willow = database.ofCoop(randomUUID());
  const failed = willow.transaction(async (trx) => {
    await add(trx, 'Rex');
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await names(willow)).toEqual([]);
});

test('one transaction can be about several co-ops', async () => {
  const [willow, birch] = [randomUUID(), randomUUID()];
  await database.transaction(async (trx) => {
    for (const coopId of [willow, birch]) await add(ofCoop(trx, coopId), 'Rex');
  });
  const found = await Promise.all([willow, birch].map((coopId) => names(database.ofCoop(coopId))));
  expect(found).toEqual([['Rex'], ['Rex']]);
  const failed = database.transaction(async (trx) => {
    await add(ofCoop(trx, willow), 'Tibbles');
    await add(ofCoop(trx, birch), 'Rex');
  });
  await expect(failed).rejects.toThrow('pets_pkey');
  expect(await names(database.ofCoop(willow))).toEqual(['Rex']);
});

test('a use-case’s transaction has the co-op of its database, and a refusal takes back its writes', async () => {
  const willow = database.ofCoop(randomUUID());
  const outcome = await transact(willow, async (trx) => {
    await add(trx, 'Rex');
    return { kind: 'refused', code: 'full', coopId: trx.coopId };
  });
  expect(outcome).toEqual({ kind: 'refused', code: 'full', coopId: willow.coopId });
  expect(await names(willow)).toEqual([]);
});

test('naming the co-op costs no round trip', async () => {
  const id = randomUUID();
  const { names: queries } = await counter.during(() => database.ofCoop(id).transaction((trx) => add(trx, 'Rex')));
  expect(queries).toEqual(['begin', 'add_pet', 'commit']);
  expect((await counter.during(() => names(database.ofCoop(id)))).roundTrips).toBe(1);
});
