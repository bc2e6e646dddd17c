import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  claimCte,
  claimParameters,
  earlierAnswer,
  hashRequest,
  isKeyTaken,
  once,
  purgeIdempotencyKeys,
  type Database,
} from '@homeroom/postgres';
import { IdempotencyMismatchError } from '../src/idempotency.ts';
import { idempotencyTable } from './idempotency-table.ts';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let database: Database;
beforeAll(async () => {
  opened = await openTest(
    idempotencyTable,
    'create table charges (id int generated always as identity, cents int not null);',
  );
  database = opened.open({ poolSize: 8 });
});
afterAll(() => opened.close());

const requestOf = (cents: number) => ['POST', '/charges', { cents }] as const;
const charge = (
  key: string,
  cents: number,
  { principal = 'family-1', fail = false } = {},
): Promise<{ id: number | undefined }> =>
  database.transaction((trx) =>
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

test('a rolled back effect frees its key', async () => {
  await expect(charge('f', 100, { fail: true })).rejects.toThrow('died');
  expect((await charge('f', 100)).id).toBeGreaterThan(0);
});

/** Claim, effect, and answer in one statement. */
const chargeInOne = async (key: string, cents: number, principal = 'family-1'): Promise<{ id: number } | undefined> => {
  const request = requestOf(cents);
  const requestHash = hashRequest(...request);
  const text = `with charged as (insert into charges (cents) select $1::int where $1::int > 0 returning id),
    ${claimCte({ from: 'charged', first: 2, body: "($6::jsonb || jsonb_build_object('id', charged.id))::text" })}
    select id from charged`;
  const values = [cents, ...claimParameters({ principal, key, requestHash, status: 201, body: '{"ok":true}' })];
  try {
    await database.query({ name: 'charge-in-one', text, values });
  } catch (error) {
    if (!isKeyTaken(error)) throw error;
  }
  return earlierAnswer(database, { principal, key, request });
};

test('S2: a key claimed inside the statement of the effect: one effect and one answer, eight at once', async () => {
  const before = await charges();
  const answers = await Promise.all(Array.from({ length: 8 }, () => chargeInOne('in-one', 100)));
  expect(answers[0]).toEqual({ ok: true, id: expect.any(Number) });
  expect(new Set(answers.map((answer) => answer?.id)).size).toBe(1);
  expect(await charges()).toBe(before + 1);
  await expect(chargeInOne('in-one', 200)).rejects.toBeInstanceOf(IdempotencyMismatchError);
  expect(await chargeInOne('in-one', 200, 'family-2')).not.toEqual(answers[0]);
});

test('S2: no effect, no claim', async () => {
  expect(await chargeInOne('nothing', 0)).toBeUndefined();
  expect(await chargeInOne('nothing', 100)).toBeDefined();
});

test('an answer that was not stored in the claim’s transaction is a bug that shows', async () => {
  await database.query({
    name: 'claim_only',
    text: `insert into idempotency_keys (principal, key, request_hash) values ('family-1', 'g', $1)`,
    values: [hashRequest(...requestOf(100))],
  });
  await expect(charge('g', 100)).rejects.toThrow('without an answer');
});

test('old keys are deleted in portions', async () => {
  await database.query({
    name: 'age',
    text: `update idempotency_keys set created_at = now() - interval '73 hours' where key like 'c%'`,
  });
  expect(await purgeIdempotencyKeys(database, { limit: 5 })).toBe(5);
  expect(await purgeIdempotencyKeys(database)).toBe(3);
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
