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
import { searchClasses } from '../src/classes/store.ts';
import { listEnrollments } from '../src/enrollments/list-store.ts';

/** The statements that look over every co-op on purpose, and why. */
const overEveryCoop = {
  charge_coop: 'the payment provider knows an enrollment, not whose it is',
  charges_claim: 'a worker takes the next of all',
  charges_delayed: 'a worker takes the next of all',
  children_arrived: 'requests of several co-ops wait together',
  class_job_due: 'a worker takes the next of all',
  import_job_claim: 'a worker takes the next of all',
  inbox_purge: 'deletes expired rows',
  offers_expired: 'a worker takes the next of all',
  outbox_next: 'one relay publishes all',
  outbox_remove: 'one relay publishes all',
  purge_idempotency_keys: 'deletes expired rows',
  purge_import_jobs: 'deletes expired rows',
  rebuild_children: 'the command rebuilds all',
  rebuild_classes: 'the command rebuilds all',
  rebuild_clear: 'the command rebuilds all',
  rebuild_compare: 'the command rebuilds all',
  rebuild_fill: 'the command rebuilds all',
  rebuild_history: 'the command rebuilds all',
  rebuild_lock: 'the command rebuilds all',
};

const statements = await collectStatements('enrollment', {
  searchClasses: async (db) => {
    const given = { q: 'clay', age: 9, day: 'monday', after: { title: 'Pottery', id: firstCoopId } } as const;
    for (const choice of everyChoice(given)) await searchClasses(db, { limit: 1, ...choice });
  },
  listEnrollments: async (db) => {
    const none = { ofFamily: undefined, before: undefined, limit: 1 };
    const given = { ofFamily: 'a', familyId: 'b', classId: 'c', status: 'enrolled', before: 'd' } as const;
    for (const choice of everyChoice(given)) await listEnrollments(db, { ...none, ...choice });
  },
});

let testDatabase: TestDatabase;
let guard: StatementGuard;
beforeAll(async () => {
  testDatabase = await createTestDatabase('enrollment', { replica: false });
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
