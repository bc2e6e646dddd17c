import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { Closing, waitFor } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { coordinatorMailQueue } from '../../src/coordinator-mails/queue.ts';
import { claimCoordinatorMails, suppressWithoutAddress } from '../../src/coordinator-mails/store.ts';
import type { DeliveryEvent } from '../../src/deliveries/deliver-mail.ts';
import { countOpen } from '../../src/deliveries/store.ts';
import { coordinatorKinds, type CoordinatorKind } from '../../src/notifications/kinds.ts';
import {
  receiveCoordinator,
  receiveDoubleBooking,
  receiveEnrollment,
  receiveFamily,
} from '../../src/notifications/receive-event.ts';
import { changeCoordinatorPreferences } from '../../src/preferences/coordinator-store.ts';
import { runLoop, settingsOf } from '../deliveries/run-loop.ts';
import { aFamily, anEvent, co, openEngines } from '../harness.ts';
import { startSmtp, type ReceivedMail, type TestSmtp } from '../smtp-server.ts';

const closing = new Closing();
const perTest = new Closing();
let database: Database;
let db: CoopDatabase;
let smtp: TestSmtp;
let seen: DeliveryEvent[];

beforeAll(async () => {
  ({ database, db } = closing.add(await openEngines(), (it) => it.close()));
});
afterAll(() => closing.closeAll());
beforeEach(async () => {
  seen = [];
  await database.query({
    name: 'test_clear',
    text: 'truncate deliveries, coordinator_mails, coordinator_preferences, coordinators',
  });
  smtp = perTest.add(await startSmtp(), (it) => it.close());
});
afterEach(() => perTest.closeAll());

const start = (): void =>
  runLoop(perTest, {
    database,
    smtp,
    queues: [coordinatorMailQueue({ database, settingsOf })],
    onEvent: (event) => seen.push(event),
  });
const kindOf = (mail: ReceivedMail): string | undefined => mail.header('x-homeroom-kind');
const sentMails = (): number => seen.filter(({ kind }) => kind === 'sent').length;
const lease = { limit: 10, leaseMs: 60_000 };

type Saved = ReturnType<typeof anEvent<'homeroom.account.coordinator-saved.v1'>>;
const saved = (data: Partial<Saved['data']>): Saved => anEvent('homeroom.account.coordinator-saved.v1', data);

/** A coordinator whose address is known, with mail of these kinds switched on. */
async function aCoordinator(
  on: readonly CoordinatorKind[],
  { known = true } = {},
): Promise<{ accountId: string; email: string }> {
  const accountId = randomUUID();
  const email = `coordinator-${accountId.slice(0, 8)}@example.org`;
  if (known) await receiveCoordinator(db, saved({ accountId, email, name: 'Robin' }));
  if (on.length > 0) await changeCoordinatorPreferences(db, accountId, { emailEnabled: undefined, on, off: [] });
  return { accountId, email };
}

const somethingOfEachKind = async (): Promise<void> => {
  const family = aFamily();
  await receiveFamily(db, co, family.registered());
  await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.flagged.v1'));
  await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'));
};

describe('D15: mails to coordinators', () => {
  test('go once to those who switched the kind on, in order, and to nobody else', async () => {
    const all = await aCoordinator(coordinatorKinds);
    const one = await aCoordinator(['flagged']);
    const none = await aCoordinator([]);
    const off = await aCoordinator(coordinatorKinds);
    await changeCoordinatorPreferences(db, off.accountId, { emailEnabled: false, on: [], off: [] });
    await somethingOfEachKind();
    start();
    await waitFor('the marks', () => sentMails() === 5);
    const kindsTo = (email: string): (string | undefined)[] =>
      smtp.mails.filter(({ recipients }) => recipients.includes(email)).map(kindOf);
    expect(kindsTo(all.email)).toEqual(['family_registered', 'flagged', 'double_booked']);
    expect(kindsTo(one.email)).toEqual(['flagged']);
    expect([...kindsTo(none.email), ...kindsTo(off.email)]).toEqual([]);
    // the fifth is the family's welcome
    expect(smtp.mails).toHaveLength(5);
    expect(new Set(smtp.mails.map((mail) => mail.header('message-id'))).size).toBe(5);
    expect(await countOpen(database)).toEqual([]);
  });

  test('are not queued while nobody has switched a kind on', async () => {
    await aCoordinator([]);
    await somethingOfEachKind();
    expect(await claimCoordinatorMails(database, lease)).toEqual([]);
  });

  test('address the coordinator, and name why they came', async () => {
    const { email } = await aCoordinator(['family_registered']);
    await receiveFamily(db, co, aFamily().registered());
    start();
    const mail = await waitFor('the mail', () => smtp.mails.find((each) => kindOf(each) === 'family_registered'));
    expect(mail.email.to).toEqual([{ name: 'Robin', address: email }]);
    expect(mail.email.subject).toBe('New family: Okafor');
    expect(mail.email.text).toContain('Dear Robin,\n\nThe Okafor family has registered with 1 child.');
    expect(mail.email.text).toContain('you switched it on in your notification preferences');
    expect(mail.ics).toBe('');
  });

  test('are queued once, however often the event comes', async () => {
    await aCoordinator(['double_booked']);
    const event = anEvent('homeroom.class.double-booked.v1');
    await Promise.all([1, 2, 3].map(() => receiveDoubleBooking(db, co, event)));
    start();
    await waitFor('the mark', () => sentMails() === 1);
    await receiveDoubleBooking(db, co, event);
    expect(await claimCoordinatorMails(database, lease)).toEqual([]);
    expect(smtp.mails).toHaveLength(1);
  });

  test('wait until the address is known', async () => {
    const { accountId, email } = await aCoordinator(['double_booked'], { known: false });
    await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'));
    expect(await claimCoordinatorMails(database, lease)).toEqual([]);
    expect(await countOpen(database)).toMatchObject([{ queue: 'coordinator', status: 'waiting', count: 1 }]);
    await receiveCoordinator(db, saved({ accountId, email }));
    expect(await countOpen(database)).toMatchObject([{ queue: 'coordinator', status: 'due', count: 1 }]);
    expect(await claimCoordinatorMails(database, lease)).toMatchObject([{ email }]);
  });

  test('are suppressed after they have waited too long for an address, and only then', async () => {
    const known = await aCoordinator(['double_booked']);
    await aCoordinator(['double_booked'], { known: false });
    await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'));
    expect(await suppressWithoutAddress(database, { days: 7 })).toBe(0);
    await database.query({
      name: 'test_wait',
      text: `update coordinator_mails set due_at = due_at - interval '8 days'`,
    });
    expect(await suppressWithoutAddress(database, { days: 7 })).toBe(1);
    expect(await claimCoordinatorMails(database, lease)).toMatchObject([{ email: known.email }]);
  });

  test('are retried while the server is down, and fail when it rejects them permanently', async () => {
    smtp.refuse(451);
    await aCoordinator(['double_booked']);
    await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'));
    start();
    await waitFor('some attempts', () => seen.filter(({ kind }) => kind === 'retry').length >= 4);
    smtp.refuse(550);
    await waitFor('the end', () => seen.some(({ kind }) => kind === 'failed'));
    expect(await countOpen(database)).toEqual([]);
  });
});

test('D15: an older event of a coordinator does not replace a newer one', async () => {
  const { accountId } = await aCoordinator(['double_booked']);
  const later = new Date('2026-09-01T12:00:00Z');
  await receiveCoordinator(db, { ...saved({ accountId, email: 'new@example.org' }), time: later });
  await receiveCoordinator(db, saved({ accountId, email: 'old@example.org' }));
  await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'));
  expect(await claimCoordinatorMails(database, lease)).toMatchObject([{ email: 'new@example.org' }]);
});
