import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  claimCte,
  claimParameters,
  earlierAnswer,
  hashRequest,
  isKeyTaken,
  once,
  purgeIdempotencyKeys,
  type CoopDatabase,
  type Database,
} from '@homeroom/postgres';
import { randomUUID } from 'node:crypto';
import { IdempotencyMismatchError } from '../src/idempotency.ts';
import { idempotencyTable } from './idempotency-table.ts';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let database: Database;
let db: CoopDatabase;
beforeAll(async () => {
  opened = await openTest(
    idempotencyTable,
    'create table charges (id int generated always as identity, cents int not null);',
  );
  database = opened.open({ poolSize: 8 });
  db = database.ofCoop(willow);
});
afterAll(() => opened.close());

const [willow, birch] = [randomUUID(), randomUUID()];
const requestOf = (cents: number) => ['POST', '/charges', { cents }] as const;
const charge = (
  key: string,
  cents: number,
  { principal = 'family-1', coopId = willow, fail = false } = {},
): Promise<{ id: number | undefined }> =>
  database.ofCoop(coopId).transaction((trx) =>
    once(trx, { principal, key, request: requestOf(cents) }, async () => {
      const { rows } = await trx.query<{ id: number }>({
        name: 'charge',
        text: 'insert into charges (cents) values ($1) returning id',
        values: [cents],
      });
      if (fail) throw new Error('the process died');
      return { id: rows[0]?.id };
    }),
  );
const charges = async (): Promise<number> =>
  (await database.query({ name: 'charges', text: 'select 1 from charges' })).rowCount;

test('a retry gets the first answer and has no effect', async () => {
  const before = await charges();
  const first = await charge('a', 100);
  expect(await charge('a', 100)).toEqual(first);
  expect(await charges()).toBe(before + 1);
});

test('eight at once: one effect, one answer', async () => {
  const before = await charges();
  const answers = await Promise.all(Array.from({ length: 8 }, () => charge('b', 100)));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(await charges()).toBe(before + 1);
});

test('negative control: keys of their own make eight effects', async () => {
  const before = await charges();
  await Promise.all(Array.from({ length: 8 }, (_, i) => charge(`c${i}`, 100)));
  expect(await charges()).toBe(before + 8);
});

test('the same key for another request is refused', async () => {
  await charge('d', 100);
  await expect(charge('d', 200)).rejects.toBeInstanceOf(IdempotencyMismatchError);
});

test('keys of different principals never meet', async () => {
  const first = await charge('e', 100);
  expect(await charge('e', 999, { principal: 'family-2' })).not.toEqual(first);
});

test('keys of two co-ops never meet, although principal and key are equal', async () => {
  const before = await charges();
  const [here, there] = [await charge('same', 100), await charge('same', 999, { coopId: birch })];
  expect(there).not.toEqual(here);
  expect([await charge('same', 100), await charge('same', 999, { coopId: birch })]).toEqual([here, there]);
  expect(await charges()).toBe(before + 2);
  const request = { principal: 'family-1', key: 'same', request: requestOf(100) };
  expect(await earlierAnswer(db, request)).toEqual(here);
  expect(await earlierAnswer(database.ofCoop(randomUUID()), request)).toBeUndefined();
});

test('a rolled back effect frees its key', async () => {
  await expect(charge('f', 100, { fail: true })).rejects.toThrow('died');
  expect((await charge('f', 100)).id).toBeGreaterThan(0);
});

/** Claim, effect, and answer in one statement. */
const chargeInOne = async (
  key: string,
  cents: number,
  { principal = 'family-1', coopId = willow } = {},
): Promise<{ id: number } | undefined> => {
  const request = requestOf(cents);
  const requestHash = hashRequest(...request);
  const text = `with charged as (insert into charges (cents) select $1::int where $1::int > 0 returning id),
    ${claimCte({ coop: '$7', from: 'charged', first: 2, body: "($6::jsonb || jsonb_build_object('id', charged.id))::text" })}
    select id from charged`;
  const values = [cents, ...claimParameters({ principal, key, requestHash, status: 201, body: '{"ok":true}' }), coopId];
  try {
    await database.query({ name: 'charge-in-one', text, values });
  } catch (error) {
    if (!isKeyTaken(error)) throw error;
  }
  return earlierAnswer(database.ofCoop(coopId), { principal, key, request });
};

test('S2: a key claimed inside the statement of the effect: one effect and one answer, eight at once', async () => {
  const before = await charges();
  const answers = await Promise.all(Array.from({ length: 8 }, () => chargeInOne('in-one', 100)));
  expect(answers[0]).toEqual({ ok: true, id: expect.any(Number) });
  expect(new Set(answers.map((answer) => answer?.id)).size).toBe(1);
  expect(await charges()).toBe(before + 1);
  await expect(chargeInOne('in-one', 200)).rejects.toBeInstanceOf(IdempotencyMismatchError);
  expect(await chargeInOne('in-one', 200, { principal: 'family-2' })).not.toEqual(answers[0]);
});

test('a key claimed inside the statement of the effect is one co-op’s: the same one of another co-op has its own', async () => {
  const before = await charges();
  const here = await chargeInOne('two-co-ops', 100);
  const there = await chargeInOne('two-co-ops', 200, { coopId: birch });
  expect([here, there].map((answer) => typeof answer?.id)).toEqual(['number', 'number']);
  expect(there?.id).not.toBe(here?.id);
  expect(await charges()).toBe(before + 2);
});

test('beside release 0.2, whose constraint knows no co-op, a key that is taken is still recognized', async () => {
  const constraint =
    'alter table idempotency_keys add constraint idempotency_keys_before_coops unique (principal, key)';
  const table = await openTest(idempotencyTable, `${constraint};`);
  try {
    const beside = table.open();
    const claim = (coopId: string): Promise<unknown> =>
      beside.query({
        name: 'claim',
        text: `with effect as (select), ${claimCte({ coop: '$6', from: 'effect', first: 1 })} select from effect`,
        values: [...claimParameters({ principal: 'p', key: 'k', requestHash: '', status: 201, body: '{}' }), coopId],
      });
    await claim(willow);
    for (const coopId of [willow, birch]) {
      const error: unknown = await claim(coopId).catch((thrown: unknown) => thrown);
      expect([isKeyTaken(error), String(error)]).toEqual([true, expect.stringContaining('idempotency_keys_')]);
    }
  } finally {
    await table.close();
  }
});

test('S2: no effect, no claim', async () => {
  expect(await chargeInOne('nothing', 0)).toBeUndefined();
  expect(await chargeInOne('nothing', 100)).toBeDefined();
});

test('an answer that was not stored in the claim’s transaction is a bug that shows', async () => {
  await database.query({
    name: 'claim_only',
    text: `insert into idempotency_keys (coop_id, principal, key, request_hash) values ($2, 'family-1', 'g', $1)`,
    values: [hashRequest(...requestOf(100)), willow],
  });
  await expect(charge('g', 100)).rejects.toThrow('without an answer');
});

test('old keys are deleted in portions, whatever their co-op', async () => {
  await charge('c-there', 100, { coopId: birch });
  await database.query({
    name: 'age',
    text: `update idempotency_keys set created_at = now() - interval '73 hours' where key like 'c%'`,
  });
  expect(await purgeIdempotencyKeys(database, { limit: 5 })).toBe(5);
  expect(await purgeIdempotencyKeys(database)).toBe(4);
  expect(await purgeIdempotencyKeys(database)).toBe(0);
});

test('a fingerprint distinguishes method, path, and body', () => {
  const hash = hashRequest('POST', '/a', { b: 1 });
  expect(hashRequest('POST', '/a', { b: 1 })).toBe(hash);
  expect(
    new Set([
      hash,
      hashRequest('PUT', '/a', { b: 1 }),
      hashRequest('POST', '/b', { b: 1 }),
      hashRequest('POST', '/a', { b: 2 }),
      hashRequest('POST', '/a', undefined),
    ]).size,
  ).toBe(5);
});
