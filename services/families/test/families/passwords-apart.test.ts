import { transact, type CoopTransaction } from '@homeroom/postgres';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findAccount } from '../../src/accounts/store.ts';
import { applyChange } from '../../src/families/change-family.ts';
import { findFamily } from '../../src/families/store.ts';
import { selectFamilies } from '../../src/search/store.ts';
import { startHarness, type Harness } from '../harness.ts';

/*
 * Passwords are in a table of their own, `accounts`: nothing that reads or changes people reads or rewrites them.
 */

let service: Harness;
beforeAll(async () => {
  service = await startHarness();
});
afterAll(() => service.close());

/** Every right of the service but one: to read passwords. */
const rights = `do $$
declare columns text;
begin
  select string_agg(column_name, ', ') into columns from information_schema.columns
    where table_name = 'accounts' and column_name <> 'password_hash';
  create role reads_no_passwords;
  grant select, insert, update, delete on all tables in schema public to reads_no_passwords;
  revoke select on accounts from reads_no_passwords;
  execute format('grant select (%s) on accounts to reads_no_passwords', columns);
end $$`;

/** Does `work` as a role that may not read passwords. The role and what was written are rolled back. */
const withoutPasswords = <T>(work: (trx: CoopTransaction) => Promise<T>): Promise<T> =>
  transact(
    service.db,
    async (trx) => {
      await trx.query({ name: 'grant_rights', text: rights });
      await trx.query({ name: 'set_role', text: 'set local role reads_no_passwords' });
      return work(trx);
    },
    { keep: () => false },
  );

test('a role that may not read passwords can read, find, and change families', async () => {
  const { family } = await service.family();
  const { found, selected, changed } = await withoutPasswords(async (trx) => ({
    found: await findFamily(trx, family.id),
    selected: await selectFamilies(trx, { words: undefined, near: undefined, after: undefined, limit: 10 }),
    changed: await applyChange(trx, { familyId: family.id, decide: (now) => ({ ...now, name: 'Another' }) }),
  }));
  expect(found).toEqual(family);
  expect(selected.map((one) => one.family)).toEqual([family]);
  expect(changed).toMatchObject({ name: 'Another', version: family.version + 1 });
});

test('control: signing in is what needs them', async () => {
  const { email } = await service.family();
  expect(await findAccount(service.db, email)).toHaveProperty('passwordHash');
  await expect(withoutPasswords((trx) => findAccount(trx, email))).rejects.toMatchObject({ code: '42501' });
});
