import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { firstCoopId } from '@homeroom/contracts';
import { migrate, type CoopDatabase } from '@homeroom/postgres';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { claimAccountMails } from '../src/account-mails/store.ts';
import { findCalendar, shownEntries } from '../src/calendars/store.ts';
import { claimCoordinatorMails } from '../src/coordinator-mails/store.ts';
import { replayDeadLetter } from '../src/dead-letters/replay-dead-letter.ts';
import { addDeadLetter, countOpenDeadLetters, listDeadLetters } from '../src/dead-letters/store.ts';
import { claimFamilyMails, markFamilyMailSent } from '../src/deliveries/store.ts';
import { audienceOf } from '../src/notifications/notification.ts';
import {
  receiveAccount,
  receiveClass,
  receiveCoordinator,
  receiveEnrollment,
  receiveFamily,
} from '../src/notifications/receive-event.ts';
import { listNotifications, markRead } from '../src/notifications/store.ts';
import { changeCoordinatorPreferences, findCoordinatorPreferences } from '../src/preferences/coordinator-store.ts';
import { changePreferences, findPreferences } from '../src/preferences/store.ts';
import { formatOf } from '../src/wording/format.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';
import { aFamily, anEvent, co, openEngines, type Engines } from './harness.ts';
import { asRelease02 } from './release-0.2.ts';

/*
 * Version 0.2 knows no co-ops. During an upgrade its processes run beside those of this version on this version's schema, after
 * a rollback they run there alone: what they write is the first co-op's.
 */

let engines: Engines;
/** A process of each version. */
let processes: { readonly old: CoopDatabase; readonly new: CoopDatabase };
beforeAll(async () => {
  engines = await openEngines({ replica: false });
  processes = { old: asRelease02(engines.db), new: engines.db };
});
afterAll(() => engines.close());
beforeEach(() =>
  engines.rows('truncate audiences, account_mails, coordinator_preferences, dead_letters, outbox cascade'),
);

const orders = [
  ['old', 'new'],
  ['new', 'old'],
] as const;
const lease = { limit: 10, leaseMs: 60_000 };
const inbox = async (by: keyof typeof processes, familyId: string) =>
  listNotifications(processes[by], { audience: audienceOf(familyId), before: undefined, unread: false, limit: 100 });

test('what is there belongs to the first co-op', async () => {
  const folder = new URL('../migrations/', import.meta.url);
  const files = (await readdir(folder)).sort().slice(0, 3);
  const before = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const database = await createTestDatabase({ migrations: before }, { replica: false });
  try {
    await withClient(database.url, async (client) => {
      const [familyId, notificationId] = [randomUUID(), randomUUID()];
      const audience = audienceOf(familyId);
      await client.query(`insert into audiences values ($1, 1, 1)`, [audience]);
      await client.query(
        `insert into notifications (id, audience, position, event_id, kind, subject, body, data, created_at)
         values ($1, $2, 1, $3, 'welcome', '', '', '{}', now())`,
        [notificationId, audience, randomUUID()],
      );
      await client.query(`insert into preferences (family_id, calendar_token) values ($1, 'token')`, [familyId]);
      await client.query(`insert into inbox (consumer, event_id) values ('notifications', $1)`, [randomUUID()]);
      await migrate({ url: database.url, directory: folder });
      for (const table of ['audiences', 'notifications', 'preferences', 'inbox']) {
        const { rows } = await client.query(`select coop_id from ${table}`);
        expect(rows).toEqual([{ coop_id: firstCoopId }]);
      }
    });
  } finally {
    await database.drop();
  }
});

describe.each(orders)('the %s version first, then the %s one', (one, other) => {
  test('an event has its effects once', async () => {
    const family = aFamily();
    const event = family.registered();
    expect(await receiveFamily(processes[one], co, event)).toHaveLength(2);
    expect(await receiveFamily(processes[other], co, event)).toEqual([]);
    expect((await inbox(other, family.familyId)).items).toMatchObject([{ kind: 'welcome', position: 1 }]);
  });

  test('inbox, contact, class, calendar, and mail go on where they were', async () => {
    const family = aFamily();
    const began = family.enrollment('homeroom.enrollment.waitlisted.v1', { version: 1 });
    await receiveFamily(processes[one], co, family.registered());
    await receiveEnrollment(processes[one], co, began);
    await receiveFamily(processes[other], co, family.changed({ name: 'Okafor-Lind' }));
    await receiveEnrollment(
      processes[other],
      co,
      family.enrollment('homeroom.enrollment.confirmed.v1', { version: 2 }),
    );
    const moved = { ...began.data.class, version: began.data.class.version + 1, room: 'Barn' };
    await receiveClass(processes[other], anEvent('homeroom.class.changed.v1', moved));
    for (const by of [one, other]) {
      expect((await inbox(by, family.familyId)).items.map(({ position }) => position)).toEqual([3, 2, 1]);
      const shown = await shownEntries(processes[by], family.familyId, { format: formatOf('en-US') });
      expect(shown.map(({ entry }) => [entry.status, entry.location])).toEqual([
        ['confirmed', 'Barn'],
        ['confirmed', co.name],
      ]);
    }
    const [welcome] = await claimFamilyMails(processes[one], lease);
    expect(welcome).toMatchObject({ kind: 'welcome', familyName: 'Okafor-Lind' });
    expect(await claimFamilyMails(processes[other], lease)).toEqual([]);
    expect(await markFamilyMailSent(processes[other], welcome!)).toBe(true);
    expect(await claimFamilyMails(processes[one], lease)).toMatchObject([{ kind: 'waitlisted' }]);
    expect(await engines.rows('select coop_id from outbox')).toEqual([{ coop_id: firstCoopId }]);
  });

  test('what one marks as read the other does not count', async () => {
    const family = aFamily();
    const [welcome] = await receiveFamily(processes[one], co, family.registered());
    expect(await markRead(processes[other], audienceOf(family.familyId), welcome?.id ?? '')).toBe(true);
    expect((await inbox(one, family.familyId)).unreadCount).toBe(0);
  });

  test('preferences keep what the other has changed, and a calendar address opens for both', async () => {
    const owner = { accountId: randomUUID(), familyId: randomUUID() };
    const nothing = { mute: [], unmute: [], rotateCalendar: false };
    const first = await changePreferences(processes[one], owner, { ...nothing, mute: ['confirmed'] });
    const second = await changePreferences(processes[other], owner, { ...nothing, mute: ['offered'] });
    expect(second).toEqual({ ...first, mutedKinds: ['confirmed', 'offered'] });
    expect(await findPreferences(processes[one], owner)).toEqual(second);
    for (const by of [one, other]) {
      expect(await findCalendar(processes[by], first.calendarToken)).toMatchObject({ familyId: owner.familyId });
    }
    const desk = randomUUID();
    await changeCoordinatorPreferences(processes[one], desk, { emailEnabled: true, on: ['flagged'], off: [] });
    await changeCoordinatorPreferences(processes[other], desk, {
      emailEnabled: undefined,
      on: ['double_booked'],
      off: [],
    });
    expect(await findCoordinatorPreferences(processes[one], desk)).toEqual({
      emailEnabled: true,
      mailedKinds: ['double_booked', 'flagged'],
    });
  });

  test('mails of accounts and of coordinators that one has queued the other sends, once', async () => {
    const [accountId, email] = [randomUUID(), 'robin@example.org'];
    await receiveAccount(processes[one], anEvent('homeroom.account.password-changed.v1', { accountId, email }));
    expect(await claimAccountMails(processes[other], lease)).toMatchObject([{ email }]);
    expect(await claimAccountMails(processes[one], lease)).toEqual([]);
    const saved = anEvent('homeroom.account.coordinator-saved.v1', { accountId, name: 'Robin', email });
    await receiveCoordinator(processes[one], saved);
    await receiveCoordinator(processes[other], { ...saved, id: randomUUID() });
    await changeCoordinatorPreferences(processes[one], accountId, {
      emailEnabled: true,
      on: ['family_registered'],
      off: [],
    });
    await receiveFamily(processes[other], co, aFamily().registered());
    expect(await claimCoordinatorMails(processes[one], lease)).toMatchObject([{ email }]);
    expect(await claimCoordinatorMails(processes[other], lease)).toEqual([]);
  });

  test('a dead letter is stored once and replayed once', async () => {
    const letter = aDeadLetter();
    await addDeadLetter(processes[one], letter);
    await addDeadLetter(processes[other], letter);
    expect(await countOpenDeadLetters(processes[other])).toMatchObject([{ count: 1 }]);
    const [stored] = await listDeadLetters(engines.db, { limit: 10 });
    expect(await replayDeadLetter(processes[other], stored?.id ?? '', 'the test')).toEqual({ kind: 'replayed' });
    expect(await replayDeadLetter(processes[one], stored?.id ?? '', 'the test')).toMatchObject({
      code: 'dead_letter_replayed',
    });
    expect(await engines.rows('select coop_id from outbox')).toEqual([{ coop_id: firstCoopId }]);
  });
});

describe('side by side', () => {
  test('both give the places of one inbox in one order, each once', async () => {
    const family = aFamily();
    const { class: course } = family.enrollment('homeroom.enrollment.confirmed.v1').data;
    const receive = (by: keyof typeof processes) =>
      receiveEnrollment(
        processes[by],
        co,
        family.enrollment('homeroom.enrollment.confirmed.v1', { enrollmentId: randomUUID(), class: course }),
      );
    // the row of the inbox is there: an old process that loses the race to insert it fails, and its consumer tries again
    await receive('new');
    await Promise.all(Array.from({ length: 19 }, (_, index) => receive(index % 2 === 0 ? 'old' : 'new')));
    const { items, unreadCount } = await inbox('new', family.familyId);
    expect(items.map(({ position }) => position)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index));
    expect(unreadCount).toBe(20);
  });
});
