import type { DatabaseEvent } from '@homeroom/postgres';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTest, type Opened } from './opened.ts';

/*
 * As long as processes of the last release may run, a table has its key twice: with the co-op, and without it, for their
 * `on conflict`. A statement names one of them, and equal rows that are inserted at the same moment violate the other.
 */

let opened: Opened;
beforeAll(async () => {
  opened = await openTest(`create table keys (
    coop_id int not null default 1, key text not null,
    constraint keys_pkey primary key (coop_id, key), constraint keys_before_coops unique (key))`);
});
afterAll(() => opened.close());

const insert =
  'insert into keys (coop_id, key) values (1, $1) on conflict (coop_id, key) do update set key = excluded.key';

test('of equal rows at the same moment every statement succeeds, and one row is there', async () => {
  const database = opened.open({ poolSize: 8 });
  for (let round = 0; round < 100; round++) {
    const key = `round ${round}`;
    await Promise.all(
      Array.from({ length: 8 }, () => database.query({ name: 'insert_key', text: insert, values: [key] })),
    );
  }
  const { rowCount } = await database.query({ name: 'keys', text: 'select from keys' });
  expect(rowCount).toBe(100);
});

test('only what violates the key of the last release is tried again', async () => {
  const codes: string[] = [];
  const onEvent = (event: DatabaseEvent): void => void (event.type === 'retry' && codes.push(event.code));
  const database = opened.open({ poolSize: 1, onEvent });
  await database.query({ name: 'insert_other', text: `insert into keys values (2, 'a key')` });
  const violate = (values: string): Promise<unknown> =>
    database.query({ name: `violate_${values.slice(1, 2)}`, text: `insert into keys values ${values}` });
  await expect(violate(`(2, 'a key')`)).rejects.toMatchObject({ constraint: 'keys_pkey' });
  expect(codes).toEqual([]);
  await expect(violate(`(1, 'a key')`)).rejects.toMatchObject({ constraint: 'keys_before_coops' });
  expect(codes).toEqual(['23505', '23505', '23505', '23505']);
});
