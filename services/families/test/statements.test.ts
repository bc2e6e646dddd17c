import { firstCoopId } from '@homeroom/contracts';
import {
  collectStatements,
  createTestDatabase,
  everyChoice,
  openStatementGuard,
  type StatementGuard,
  type TestDatabase,
} from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { selectFamilies } from '../src/search/store.ts';

/** The statements that look over every co-op on purpose, and why. */
const overEveryCoop = {
  delete_expired_account_tokens: 'deletes expired rows',
  find_account: 'an operator has an account in no co-op and signs in on any host',
  import_job_claim: 'a worker takes the next of all',
  outbox_next: 'one relay publishes all',
  outbox_remove: 'one relay publishes all',
  purge_idempotency_keys: 'deletes expired rows',
  purge_import_jobs: 'deletes expired rows',
};

const statements = await collectStatements('families', {
  selectFamilies: async (db) => {
    const given = {
      words: 'okafor',
      near: { latitude: 41, longitude: -87, km: 5 },
      after: ['Okafor', firstCoopId],
    } as const;
    for (const choice of everyChoice(given))
      await selectFamilies(db, { words: undefined, near: undefined, after: undefined, limit: 1, ...choice });
  },
});

let testDatabase: TestDatabase;
let guard: StatementGuard;
beforeAll(async () => {
  testDatabase = await createTestDatabase('families', { replica: false });
  guard = await openStatementGuard(testDatabase.url);
});
afterAll(() => testDatabase.drop());

test('every statement names its co-op', () => {
  expect(statements.flatMap((statement) => guard(statement).findings)).toEqual([]);
});

test('these look over every co-op, and no others', () => {
  const found = statements.filter((statement) => guard(statement).overEveryCoop && guard(statement).usesTenants);
  expect(found.map(({ name }) => name).sort()).toEqual(Object.keys(overEveryCoop));
});

test('control: a statement of one co-op is found as soon as it does not compare its co-op', () => {
  const ofOne = statements.filter((statement) => !guard(statement).overEveryCoop && guard(statement).usesTenants);
  const broken = ofOne.map(({ name, text }) => ({ name, text: text.replaceAll(/coop_id = \$\d+/g, 'true') }));
  const compared = broken.filter(({ text }, at) => text !== ofOne[at]?.text);
  expect(compared.length).toBeGreaterThan(10);
  expect(compared.filter((statement) => guard(statement).findings.length === 0)).toEqual([]);
});
