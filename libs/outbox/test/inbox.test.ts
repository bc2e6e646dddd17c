import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { purgeReceived, receiveOnce } from '@homeroom/outbox';
import { openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, type TestDatabase } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { coopId as willow } from './families.ts';
import { schema } from './schema.ts';

let opened: TestDatabase;
let database: Database;
beforeAll(async () => {
  opened = await createTestDatabase({ migrations: [schema] });
  database = openDatabase({
    primaryUrl: opened.url,
    replicaUrls: [],
    poolSize: 8,
    replicaPoolSize: 1,
    applicationName: 'inbox-test',
  });
});
afterAll(async () => {
  await database.close();
  await opened.drop();
});

const effect = { name: 'effect', text: 'insert into effects values ($1, $2, 1)' };
const handle = (eventId: string, { consumer = 'welcome', coopId = willow, fail = false } = {}): Promise<boolean> =>
  database.ofCoop(coopId).transaction(async (trx) => {
    const first = await receiveOnce(trx, { consumer, eventId });
    if (first) await trx.query({ ...effect, values: [eventId, consumer] });
    if (fail) throw new Error('the process died');
    return first;
  });
const effects = async (eventId: string): Promise<number> =>
  (await database.query({ name: 'effects', text: 'select 1 from effects where event_id = $1', values: [eventId] }))
    .rowCount;

test('of eight deliveries at once one has an effect', async () => {
  const id = randomUUID();
  const firsts = await Promise.all(Array.from({ length: 8 }, () => handle(id)));
  expect(firsts.filter(Boolean)).toHaveLength(1);
  expect(await effects(id)).toBe(1);
});

test('each consumer has its own effect', async () => {
  const id = randomUUID();
  await handle(id);
  expect(await handle(id, { consumer: 'calendar' })).toBe(true);
  expect(await effects(id)).toBe(2);
});

test('a delivery whose effect rolled back does not count', async () => {
  const id = randomUUID();
  await expect(handle(id, { fail: true })).rejects.toThrow('died');
  expect(await handle(id)).toBe(true);
  expect(await effects(id)).toBe(1);
});

test('what was received for one co-op says nothing about another, and each row names its own', async () => {
  const [id, birch] = [randomUUID(), randomUUID()];
  expect([await handle(id), await handle(id, { coopId: birch }), await handle(id)]).toEqual([true, true, false]);
  const text = 'select coop_id from inbox where event_id = $1 order by received_at';
  const { rows } = await database.query({ name: 'whose', text, values: [id] });
  expect(rows).toEqual([{ coop_id: willow }, { coop_id: birch }]);
});

test('negative control: without receiveOnce a second delivery doubles the effect', async () => {
  const id = randomUUID();
  for (let i = 0; i < 2; i++) await database.query({ ...effect, values: [id, 'careless'] });
  expect(await effects(id)).toBe(2);
});

test('what was received long ago is deleted in portions, whatever its co-op', async () => {
  const long = {
    name: 'long_ago',
    text: `update inbox set received_at = now() - interval '31 days' where consumer = 'welcome'`,
  };
  const { rowCount } = await database.query(long);
  expect(await purgeReceived(database, { limit: 1 })).toBe(1);
  expect(await purgeReceived(database)).toBe(rowCount - 1);
  expect(await purgeReceived(database)).toBe(0);
});
