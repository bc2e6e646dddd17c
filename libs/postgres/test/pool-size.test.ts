import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { poolSize, type Database } from '@homeroom/postgres';
import { testWithSwitch } from '@homeroom/testing/switch';
import { checkConnectionBudget } from '../src/pool-size.ts';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let database: Database;
beforeAll(async () => {
  opened = await openTest();
  database = opened.open();
});
afterAll(() => opened.close());

test('the server’s connections are shared out, two at least', () => {
  expect(poolSize({ cores: 4, processes: 1 })).toBe(9);
  expect(poolSize({ cores: 16, spindles: 4, processes: 6 })).toBe(6);
  expect(poolSize({ cores: 2, processes: 50 })).toBe(2);
});

testWithSwitch(
  'a sum that fits is fine, one that does not is refused with the sum',
  {
    name: 'planned',
    on: (sum: number) => sum,
    off: () => 0,
    failure: /Received promise resolved instead of rejected/,
  },
  async (planned) => {
    const { rows } = await database.query<{ max: number }>({
      name: 'max',
      text: `select current_setting('max_connections')::int as max`,
    });
    const max = rows[0]?.max ?? 0;
    await checkConnectionBudget(database, { planned: planned(max - 10) });
    await checkConnectionBudget(database, { planned: planned(max), reserve: 0 });
    await expect(checkConnectionBudget(database, { planned: planned(max - 9) })).rejects.toThrow(
      `${max + 1} in all, but the server accepts ${max}`,
    );
  },
);

test('an unknown sum is not checked', async () => {
  await checkConnectionBudget(database, { planned: 0, reserve: 1_000_000 });
});
