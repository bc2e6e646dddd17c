import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EventData } from '@homeroom/contracts';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { Closing, waitFor } from '@homeroom/testing';
import { countOpen, suppressHeld } from '../../src/deliveries/store.ts';
import { audienceOf } from '../../src/notifications/notification.ts';
import { receiveEnrollment, receiveFamily } from '../../src/notifications/receive-event.ts';
import { listNotifications } from '../../src/notifications/store.ts';
import { readCalendar } from '../calendars/read-calendar.ts';
import { aFamily, co, openEngines } from '../harness.ts';
import { startSmtp, type TestSmtp } from '../smtp-server.ts';
import { runLoop } from './run-loop.ts';

const closing = new Closing();
const perTest = new Closing();
let database: Database;
let db: CoopDatabase;
let smtp: TestSmtp;

beforeAll(async () => {
  ({ database, db } = closing.add(await openEngines(), (it) => it.close()));
});
afterAll(() => closing.closeAll());
beforeEach(async () => {
  await database.query({ name: 'test_clear', text: 'truncate deliveries' });
  smtp = perTest.add(await startSmtp(), (it) => it.close());
});
afterEach(() => perTest.closeAll());

type Guardians = EventData<'homeroom.family.registered.v1'>['guardians'];
const guardiansOf = (family: ReturnType<typeof aFamily>, emailVerified?: boolean): Guardians => [
  {
    guardianId: family.familyId,
    name: 'Ngozi Okafor',
    email: family.email,
    ...(emailVerified === undefined ? {} : { emailVerified }),
  },
];
const statuses = async (familyId: string): Promise<string[]> => {
  const { rows } = await database.query<{ status: string }>({
    name: 'test_deliveries',
    text: 'select status from deliveries where family_id = $1 order by position',
    values: [familyId],
  });
  return rows.map(({ status }) => status);
};
const kinds = (): (string | undefined)[] => smtp.mails.map((mail) => mail.header('x-homeroom-kind'));

describe('S6: mails of a family whose address is not verified', () => {
  test('wait, while its inbox fills, and leave in order once it is', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered({ guardians: guardiansOf(family, false) }));
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    expect(await statuses(family.familyId)).toEqual(['waiting', 'waiting']);
    const query = { audience: audienceOf(family.familyId), before: undefined, unread: false, limit: 10 };
    expect((await listNotifications(db, query)).unreadCount).toBe(2);

    // another family's mail goes out meanwhile: the loop has looked
    const other = aFamily();
    await receiveFamily(db, co, other.registered());
    runLoop(perTest, { database, smtp });
    await waitFor('the other family’s mail', () => smtp.mails.length === 1);
    expect(smtp.mails[0]?.recipients).toEqual([other.email]);

    await receiveFamily(db, co, family.changed({ guardians: guardiansOf(family, true) }));
    await waitFor('both', () => smtp.mails.length === 3);
    expect(kinds().slice(1)).toEqual(['welcome', 'confirmed']);
  });

  test('are held again when the family changes to an address that is not verified', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    expect(await statuses(family.familyId)).toEqual(['due']);
    await receiveFamily(db, co, family.changed({ guardians: guardiansOf(family, false) }));
    const other = aFamily();
    await receiveFamily(db, co, other.registered());
    runLoop(perTest, { database, smtp });
    await waitFor('the other family’s mail', () => smtp.mails.length === 1);
    expect(smtp.mails[0]?.recipients).toEqual([other.email]);
  });

  test('go out when an event of before verification says nothing about it', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered({ guardians: guardiansOf(family) }));
    expect(await statuses(family.familyId)).toEqual(['due']);
  });

  test('go out when an older version of the service, which asks for no verification, copies the family', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered({ guardians: guardiansOf(family, false) }));
    // what a worker of 0.1.0 does with a later event
    await database.query({
      name: 'test_old_copy',
      text: 'update contacts set version = 2 where family_id = $1',
      values: [family.familyId],
    });
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    expect(await statuses(family.familyId)).toEqual(['waiting', 'due']);
  });

  test('are counted as held, and suppressed after the days that are set; what others wait for is not', async () => {
    const [held, unknown] = [aFamily(), aFamily()];
    await receiveFamily(db, co, held.registered({ guardians: guardiansOf(held, false) }));
    await receiveEnrollment(db, co, unknown.enrollment('homeroom.enrollment.confirmed.v1'));
    expect((await countOpen(database)).map(({ queue, status, count }) => [queue, status, count]).sort()).toEqual([
      ['family', 'held', 1],
      ['family', 'waiting', 1],
    ]);
    expect(await suppressHeld(database, { days: 7 })).toBe(0);
    await database.query({ name: 'test_age', text: `update deliveries set due_at = now() - interval '8 days'` });
    expect(await suppressHeld(database, { days: 7 })).toBe(1);
    expect(await statuses(held.familyId)).toEqual(['suppressed']);
    expect(await statuses(unknown.familyId)).toEqual(['waiting']);
    await receiveFamily(db, co, held.changed({ guardians: guardiansOf(held, true) }));
    expect(await statuses(held.familyId)).toEqual(['suppressed']);
  });
});

describe('D8: a calendar is asked to cancel only what it was sent before', () => {
  test.each(['cancelled', 'offer-expired'] as const)(
    'an enrollment that is %s without an earlier mail sends no CANCEL',
    async (end) => {
      const family = aFamily();
      await receiveFamily(db, co, family.registered());
      await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.seat-held.v1', { version: 1 }));
      await receiveEnrollment(db, co, family.enrollment(`homeroom.enrollment.${end}.v1`, { version: 2 }));
      runLoop(perTest, { database, smtp });
      await waitFor('the mail', () => smtp.mails.length === 2);
      expect(smtp.mails[1]?.ics).toBe('');
      expect(smtp.mails[1]?.raw).not.toContain('text/calendar');
    },
  );

  test('one that was mailed, as an offer for example, is canceled', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.offered.v1', { version: 2 }));
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.offer-expired.v1', { version: 3 }));
    runLoop(perTest, { database, smtp });
    await waitFor('the mails', () => smtp.mails.length === 3);
    const [, offer, end] = smtp.mails.map(({ ics }) => readCalendar(ics));
    expect([offer?.method, offer?.events[0]?.status]).toEqual(['REQUEST', 'TENTATIVE']);
    expect([end?.method, end?.events[0]?.uid]).toEqual(['CANCEL', offer?.events[0]?.uid]);
  });

  test('one that was mailed to another address is not; one of before addresses were noted is', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { version: 2 }));
    runLoop(perTest, { database, smtp });
    await waitFor('the mails', async () => (await statuses(family.familyId)).every((status) => status === 'sent'));
    const cancelled = (version: number): Promise<unknown> =>
      receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.cancelled.v1', { version }));
    await receiveFamily(
      db,
      co,
      family.changed({ guardians: [{ guardianId: family.familyId, name: 'N', email: `new-${family.email}` }] }),
    );
    await cancelled(3);
    await waitFor('the cancellation', () => smtp.mails.length === 3);
    expect(smtp.mails[2]?.ics).toBe('');
    await database.query({ name: 'test_forget_address', text: 'update deliveries set sent_to = null' });
    await cancelled(4);
    await waitFor('the second', () => smtp.mails.length === 4);
    expect(readCalendar(smtp.mails[3]?.ics ?? '').method).toBe('CANCEL');
  });

  test('notifications of payments carry no invitation', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.payment-failed.v1'));
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.payment-delayed.v1', { version: 2 }));
    runLoop(perTest, { database, smtp });
    await waitFor('the mails', () => smtp.mails.length === 3);
    expect(kinds()).toEqual(['welcome', 'payment_failed', 'payment_delayed']);
    expect(smtp.mails.slice(1).map(({ ics }) => ics)).toEqual(['', '']);
  });
});
