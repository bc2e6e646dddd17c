import { firstCoopId } from '@homeroom/contracts';
import {
  collectStatements,
  createTestDatabase,
  openStatementGuard,
  type StatementGuard,
  type TestDatabase,
} from '@homeroom/testing';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { marksOf } from '../src/deliveries/mail-queue.ts';
import { listNotifications } from '../src/notifications/store.ts';

/** The statements that look over every co-op on purpose, and why. */
const overEveryCoop = {
  claim_account_mails: 'a worker takes the next of all',
  claim_coordinator_mails: 'a worker takes the next of all',
  claim_family_mails: 'a worker takes the next of all',
  count_open_dead_letters: 'a metric of the installation',
  count_open_deliveries: 'a metric of the installation',
  delete_old_account_mails: 'deletes expired rows',
  inbox_purge: 'deletes expired rows',
  last_positions: 'a process compares the inboxes of all its streams',
  list_open_dead_letters: 'the command replays those of all',
  outbox_next: 'one relay publishes all',
  outbox_remove: 'one relay publishes all',
  suppress_held: 'a worker takes the next of all',
  suppress_without_address: 'a worker takes the next of all',
};

const statements = await collectStatements('notifications', {
  marksOf: async (db) => {
    const mail = { coopId: firstCoopId, id: 'a', kind: 'b', attempts: 1, createdAt: new Date(), traceparent: null };
    for (const table of ['deliveries', 'account_mails', 'coordinator_mails'] as const) {
      const { markSent, markFailed } = marksOf(db, { table, key: 'notification_id' });
      await markSent(mail);
      await markFailed(mail, { reason: 'a', retryAfterMs: undefined });
    }
  },
  listNotifications: async (db) => {
    for (const unread of [true, false])
      await listNotifications(db, { audience: 'a', before: undefined, unread, limit: 1 });
  },
});

let testDatabase: TestDatabase;
let guard: StatementGuard;
beforeAll(async () => {
  testDatabase = await createTestDatabase('notifications', { replica: false });
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
