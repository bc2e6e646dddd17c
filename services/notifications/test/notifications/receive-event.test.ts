import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Closing } from '@homeroom/testing';
import { examples } from '@homeroom/contracts';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { randomUUID } from 'node:crypto';
import { shownEntries } from '../../src/calendars/store.ts';
import { audienceOf } from '../../src/notifications/notification.ts';
import {
  receiveClass,
  receiveClassCanceled,
  receiveDoubleBooking,
  receiveEnrollment,
  receiveFamily,
} from '../../src/notifications/receive-event.ts';
import { listNotifications } from '../../src/notifications/store.ts';
import { changePreferences, type PreferencesOwner } from '../../src/preferences/store.ts';
import { formatOf } from '../../src/wording/format.ts';
import { aFamily, anEvent, co, openEngines } from '../harness.ts';

const closing = new Closing();
const format = formatOf(co.locale);
let database: Database;
let db: CoopDatabase;
beforeAll(async () => {
  ({ database, db } = closing.add(await openEngines(), (it) => it.close()));
});
afterAll(() => closing.closeAll());

const inbox = async (familyId: string): Promise<string[]> => {
  const query = { audience: audienceOf(familyId), before: undefined, unread: false, limit: 100 };
  return (await listNotifications(db, query)).items.map(({ kind }) => kind).reverse();
};
const deliveries = async (familyId: string): Promise<string[]> =>
  (
    await database.query<{ status: string }>({
      name: 'test_deliveries',
      text: 'select status from deliveries where family_id = $1 order by position',
      values: [familyId],
    })
  ).rows.map(({ status }) => status);

describe('receiving an event', () => {
  test.each(['confirmed', 'waitlisted', 'promoted', 'cancelled'] as const)(
    'an enrollment that is %s makes exactly one notification and one mail, however often it arrives',
    async (kind) => {
      const family = aFamily();
      await receiveFamily(db, co, family.registered());
      const event = family.enrollment(`homeroom.enrollment.${kind}.v1`);
      const answers = await Promise.all([1, 2, 3, 4].map(() => receiveEnrollment(db, co, event)));
      expect(answers.flat()).toHaveLength(1);
      expect(await inbox(family.familyId)).toEqual(['welcome', kind]);
      expect(await deliveries(family.familyId)).toEqual(['due', 'due']);
    },
  );

  test('a registration welcomes the family once and notifies the coordinators once', async () => {
    const family = aFamily();
    const event = family.registered();
    const first = await receiveFamily(db, co, event);
    expect(first.map(({ audience, kind }) => [audience, kind])).toEqual([
      [audienceOf(family.familyId), 'welcome'],
      ['coordinators', 'family_registered'],
    ]);
    expect(await receiveFamily(db, co, event)).toEqual([]);
    expect(await inbox(family.familyId)).toEqual(['welcome']);
  });

  test('a held seat makes a tentative entry and no notification', async () => {
    const family = aFamily();
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.seat-held.v1'));
    expect(await inbox(family.familyId)).toEqual([]);
    expect((await shownEntries(db, family.familyId, { format })).map(({ entry }) => entry.status)).toEqual([
      'tentative',
    ]);
  });

  test('a transaction that fails leaves nothing behind, and the redelivery does it all', async () => {
    const family = aFamily();
    const event = family.enrollment('homeroom.enrollment.confirmed.v1');
    const failing: CoopDatabase = {
      ...db,
      transaction: (work) =>
        db.transaction(async (trx) => {
          await work(trx);
          throw new Error('the process died before COMMIT');
        }),
    };
    await expect(receiveEnrollment(failing, co, event)).rejects.toThrow('died before COMMIT');
    expect(await inbox(family.familyId)).toEqual([]);
    expect(await shownEntries(db, family.familyId, { format })).toEqual([]);
    expect(await receiveEnrollment(db, co, event)).toHaveLength(1);
    expect(await inbox(family.familyId)).toEqual(['confirmed']);
  });

  test('without the inbox row a duplicate would be a second notification: the database refuses it', async () => {
    const family = aFamily();
    const event = family.enrollment('homeroom.enrollment.confirmed.v1');
    await receiveEnrollment(db, co, event);
    await database.query({ name: 'test_forget', text: 'delete from inbox where event_id = $1', values: [event.id] });
    await expect(receiveEnrollment(db, co, event)).rejects.toThrow('notifications_event_id_audience_key');
    expect(await inbox(family.familyId)).toEqual(['confirmed']);
  });
});

describe('a class', () => {
  const invitation = async (familyId: string): Promise<unknown> =>
    (
      await database.query<{ invitation: unknown }>({
        name: 'test_last_invitation',
        text: 'select invitation from deliveries where family_id = $1 order by position desc limit 1',
        values: [familyId],
      })
    ).rows[0]?.invitation;

  test('that is canceled ends the entry in the calendar, and the mail gives the reason', async () => {
    const family = aFamily();
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    const classCanceled = { reason: 'Ines is ill.' };
    const ended = family.enrollment('homeroom.enrollment.cancelled.v1', { classCanceled });
    const [added] = await receiveEnrollment(db, co, ended);
    expect(added?.body).toContain('Ines is ill.');
    expect(await inbox(family.familyId)).toEqual(['confirmed', 'class_canceled']);
    expect(await shownEntries(db, family.familyId, { format })).toEqual([]);
    expect(await invitation(family.familyId)).toMatchObject({ method: 'CANCEL', entry: { sequence: 3 } });
  });

  test('that is canceled is reported to the coordinators once', async () => {
    const event = anEvent('homeroom.class.canceled.v1');
    const answers = [await receiveClassCanceled(db, co, event), await receiveClassCanceled(db, co, event)];
    expect(answers.flat()).toMatchObject([
      { audience: 'coordinators', kind: 'class_canceled', subject: 'Pottery for beginners is canceled' },
    ]);
  });

  test.each([
    ['enrolled', 'confirmed'],
    ['waitlisted', 'tentative'],
  ] as const)('whose hours change moves the entry of a child that is %s, which stays %s', async (status, shown) => {
    const family = aFamily();
    const begin = shown === 'confirmed' ? 'confirmed' : 'waitlisted';
    const classId = randomUUID();
    const old = { ...examples['homeroom.class.opened.v1'], classId };
    const moved = { ...examples['homeroom.enrollment.rescheduled.v1'].class, classId };
    const began = family.enrollment(`homeroom.enrollment.${begin}.v1`, { version: 1, class: old });
    await receiveEnrollment(db, co, began);
    const change = { status, version: 2, class: moved };
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.rescheduled.v1', change));
    expect(await inbox(family.familyId)).toEqual([begin, 'class_changed']);
    const entry = { status: shown, sequence: 2, firstDay: '2026-09-10' };
    expect((await shownEntries(db, family.familyId, { format })).map((one) => one.entry)).toMatchObject([entry]);
    expect(await invitation(family.familyId)).toMatchObject({ method: 'REQUEST', entry });
  });
});

describe('order', () => {
  test('an enrollment that arrives before its family waits for the address, and is then sent', async () => {
    const family = aFamily();
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    expect(await deliveries(family.familyId)).toEqual(['waiting']);
    await receiveFamily(db, co, family.registered());
    expect(await deliveries(family.familyId)).toEqual(['due', 'due']);
  });

  test('an enrollment and its family at the same moment: no mail is left waiting', async () => {
    const families = Array.from({ length: 25 }, aFamily);
    await Promise.all(
      families.flatMap((family) => [
        receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1')),
        receiveFamily(db, co, family.registered()),
      ]),
    );
    for (const { familyId } of families) expect(await deliveries(familyId)).toEqual(['due', 'due']);
  });

  test('an older snapshot of a family does not replace a newer one', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.changed({ version: 3, name: 'Newest' }));
    await receiveFamily(db, co, family.changed({ version: 2, name: 'Older' }));
    await receiveFamily(db, co, family.registered({ version: 1, name: 'Oldest' }));
    const { rows } = await database.query<{ family_name: string; version: number }>({
      name: 'test_contact',
      text: 'select family_name, version from contacts where family_id = $1',
      values: [family.familyId],
    });
    expect(rows).toEqual([{ family_name: 'Newest', version: 3 }]);
    // late as it is, the registration happened, and is answered
    expect(await inbox(family.familyId)).toEqual(['welcome']);
  });

  test('an older event of an enrollment is reported as delayed and does not bring its calendar entry back', async () => {
    const family = aFamily();
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.cancelled.v1', { version: 3 }));
    const [late] = await receiveEnrollment(
      db,
      co,
      family.enrollment('homeroom.enrollment.confirmed.v1', { version: 2 }),
    );
    expect(late?.body).toMatch(/^This message was delayed/);
    expect(await shownEntries(db, family.familyId, { format })).toEqual([]);
  });

  test('a class that changes moves in every calendar; an older class in a later enrollment does not move it back', async () => {
    const family = aFamily();
    const classId = family.familyId;
    const course = { ...examples['homeroom.class.opened.v1'], classId };
    await receiveEnrollment(
      db,
      co,
      family.enrollment('homeroom.enrollment.waitlisted.v1', { version: 1, class: course }),
    );
    await receiveClass(db, anEvent('homeroom.class.changed.v1', { ...course, version: 5, room: 'Barn' }));
    await receiveEnrollment(
      db,
      co,
      family.enrollment('homeroom.enrollment.confirmed.v1', { version: 2, class: course }),
    );
    const [shown] = await shownEntries(db, family.familyId, { format });
    expect(shown?.entry).toMatchObject({ location: 'Barn', status: 'confirmed', sequence: 2 });
  });

  test('D4: a class of old data without a meeting is in no calendar', async () => {
    const family = aFamily();
    const course = { ...examples['homeroom.class.opened.v1'], classId: family.familyId };
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { class: course }));
    expect(await shownEntries(db, family.familyId, { format })).toHaveLength(1);
    const dates = { weekday: 'monday', firstDay: '2027-01-12', lastDay: '2027-01-16' } as const;
    await receiveClass(db, anEvent('homeroom.class.changed.v1', { ...course, version: 5, ...dates }));
    expect(await shownEntries(db, family.familyId, { format })).toEqual([]);
  });

  test('positions of an inbox have no gaps, however many events come at once', async () => {
    const family = aFamily();
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        receiveEnrollment(
          db,
          co,
          family.enrollment('homeroom.enrollment.confirmed.v1', {
            enrollmentId: crypto.randomUUID(),
            version: index + 1,
          }),
        ),
      ),
    );
    const query = { audience: audienceOf(family.familyId), before: undefined, unread: false, limit: 100 };
    const { items, unreadCount } = await listNotifications(db, query);
    expect(items.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index));
    expect(unreadCount).toBe(20);
  });
});

describe('D7: a promotion to a free class', () => {
  const free = { amountCents: 0 };

  test('is one notification and one mail when `promoted` and `confirmed` come together', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.promoted.v1', { ...free, version: 2 }));
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { ...free, version: 3 }));
    expect(await inbox(family.familyId)).toEqual(['welcome', 'promoted']);
    expect(await deliveries(family.familyId)).toEqual(['due', 'due']);
    expect((await shownEntries(db, family.familyId, { format })).map(({ entry }) => entry.status)).toContain(
      'confirmed',
    );
  });

  test('is one when only one of them comes, and one when they come in the wrong order', async () => {
    const [one, other, reversed] = [aFamily(), aFamily(), aFamily()];
    await receiveEnrollment(db, co, one.enrollment('homeroom.enrollment.promoted.v1', { ...free, version: 2 }));
    await receiveEnrollment(db, co, other.enrollment('homeroom.enrollment.confirmed.v1', { ...free, version: 2 }));
    await receiveEnrollment(db, co, reversed.enrollment('homeroom.enrollment.confirmed.v1', { ...free, version: 3 }));
    await receiveEnrollment(db, co, reversed.enrollment('homeroom.enrollment.promoted.v1', { ...free, version: 2 }));
    expect(await inbox(one.familyId)).toEqual(['promoted']);
    expect(await inbox(other.familyId)).toEqual(['confirmed']);
    expect(await inbox(reversed.familyId)).toEqual(['confirmed']);
  });

  test('to one that costs something is two: the seat is not certain before it is paid', async () => {
    const family = aFamily();
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.promoted.v1', { version: 2 }));
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1', { version: 3 }));
    expect(await inbox(family.familyId)).toEqual(['promoted', 'confirmed']);
  });
});

describe('newer events', () => {
  test('D7: an offer is tentative in the calendar, and leaves it when it expires', async () => {
    const family = aFamily();
    const shown = async (): Promise<string[]> =>
      (await shownEntries(db, family.familyId, { format })).map(({ entry }) => entry.status);
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.offered.v1', { version: 2 }));
    expect(await shown()).toEqual(['tentative']);
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.offer-expired.v1', { version: 3 }));
    expect(await shown()).toEqual([]);
    expect(await inbox(family.familyId)).toEqual(['offered', 'offer_expired']);
  });

  test('D8: a delayed payment, which has the version of its held seat, is not late; one that is overtaken is none', async () => {
    const [family, paid] = [aFamily(), aFamily()];
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.seat-held.v1', { version: 1 }));
    const [delayed] = await receiveEnrollment(
      db,
      co,
      family.enrollment('homeroom.enrollment.payment-delayed.v1', { version: 1 }),
    );
    expect(delayed?.body).not.toMatch(/^This message was delayed/);
    await receiveEnrollment(db, co, paid.enrollment('homeroom.enrollment.confirmed.v1', { version: 2 }));
    await receiveEnrollment(db, co, paid.enrollment('homeroom.enrollment.payment-delayed.v1', { version: 1 }));
    expect(await inbox(paid.familyId)).toEqual(['confirmed']);
  });

  test('D10: what is flagged and double-booked is for the coordinators, once, and no mail', async () => {
    const family = aFamily();
    const flagged = family.enrollment('homeroom.enrollment.flagged.v1');
    const added = [
      ...(await receiveEnrollment(db, co, flagged)),
      ...(await receiveEnrollment(db, co, flagged)),
      ...(await receiveDoubleBooking(db, co, anEvent('homeroom.class.double-booked.v1'))),
    ];
    expect(added.map(({ audience, kind }) => [audience, kind])).toEqual([
      ['coordinators', 'flagged'],
      ['coordinators', 'double_booked'],
    ]);
    expect(await inbox(family.familyId)).toEqual([]);
    expect(await deliveries(family.familyId)).toEqual([]);
  });
});

describe('preferences', () => {
  const ownerOf = ({ familyId, guardianId }: ReturnType<typeof aFamily>): PreferencesOwner => ({
    accountId: guardianId,
    familyId,
  });

  test('D15: of another guardian of the family do not count; those of the family, from before, do until the guardian changes them', async () => {
    const [other, before] = [aFamily(), aFamily()];
    const off = { emailEnabled: false, mute: [], unmute: [], rotateCalendar: false };
    await changePreferences(db, { ...ownerOf(other), accountId: crypto.randomUUID() }, off);
    await receiveFamily(db, co, other.registered());
    expect(await deliveries(other.familyId)).toEqual(['due']);

    await database.query({
      name: 'test_old_preferences',
      text: `insert into preferences (family_id, email_enabled, calendar_token) values ($1, false, $2)`,
      values: [before.familyId, before.familyId],
    });
    await receiveFamily(db, co, before.registered());
    await changePreferences(db, ownerOf(before), { ...off, emailEnabled: true });
    await receiveEnrollment(db, co, before.enrollment('homeroom.enrollment.confirmed.v1'));
    expect(await deliveries(before.familyId)).toEqual(['suppressed', 'due']);
  });

  test('a guardian who wants no mail, or none of a kind, gets the notification and no mail', async () => {
    const [silent, picky] = [aFamily(), aFamily()];
    await changePreferences(db, ownerOf(silent), {
      emailEnabled: false,
      mute: [],
      unmute: [],
      rotateCalendar: false,
    });
    await changePreferences(db, ownerOf(picky), { mute: ['confirmed'], unmute: [], rotateCalendar: false });
    for (const family of [silent, picky]) {
      await receiveFamily(db, co, family.registered());
      await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
      expect(await inbox(family.familyId)).toEqual(['welcome', 'confirmed']);
    }
    expect(await deliveries(silent.familyId)).toEqual(['suppressed', 'suppressed']);
    expect(await deliveries(picky.familyId)).toEqual(['due', 'suppressed']);
  });
});

test('a class in no known time zone is refused, for the dead letters', async () => {
  const event = anEvent('homeroom.class.opened.v1', { timeZone: 'Mars/Olympus' });
  await expect(receiveClass(db, event)).rejects.toThrow('time zone');
});
