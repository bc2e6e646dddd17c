import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Database } from '@homeroom/postgres';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let database: Database;
beforeAll(async () => {
  opened = await openTest();
  database = opened.open();
});
afterAll(() => opened.close());

const value = async (name: string, sql: string): Promise<unknown> =>
  (await database.query<{ value: unknown }>({ name, text: `select ${sql} as value` })).rows[0]?.value;

test('counts are numbers', async () => {
  expect(await value('count', 'count(*)')).toBe(1);
  expect(await value('largest', '9007199254740991::int8')).toBe(Number.MAX_SAFE_INTEGER);
  expect(await value('negative', '(-42)::int8')).toBe(-42);
});

test('an int8 that a number would change is an error, and the connection stays usable', async () => {
  await expect(value('too_large', '9007199254740993::int8')).rejects.toThrow('does not fit a number');
  expect(await value('after', '1')).toBe(1);
});

test('days stay days in every time zone', async () => {
  expect(await value('day', `date '2017-04-02'`)).toBe('2017-04-02');
});

test('money and measures keep every digit', async () => {
  expect(await value('numeric', '12345678901234567890.12::numeric')).toBe('12345678901234567890.12');
});

test('arrays hold the same types as columns, nulls and nesting included', async () => {
  expect(await value('int8s', 'array[1, null, 3]::int8[]')).toEqual([1, null, 3]);
  expect(await value('nested', 'array[[1, 2], [3, 4]]::int8[]')).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await value('days', `array[date '2017-04-02']`)).toEqual(['2017-04-02']);
});

test('instants are Dates, json is parsed', async () => {
  expect(await value('instant', `timestamptz '2026-11-21 08:00:00+00'`)).toEqual(new Date('2026-11-21T08:00:00Z'));
  expect(await value('json', `'{"a":[1]}'::jsonb`)).toEqual({ a: [1] });
});
