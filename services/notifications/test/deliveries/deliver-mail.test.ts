import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { decodeEvent } from '@homeroom/contracts';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { Closing, waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { createDeliveryLoop, type DeliveryEvent, type DeliveryOptions } from '../../src/deliveries/deliver-mail.ts';
import { familyMailQueue } from '../../src/deliveries/family-mail-queue.ts';
import { createMailer, type Mailer } from '../../src/deliveries/mailer.ts';
import { claimFamilyMails } from '../../src/deliveries/store.ts';
import { receiveEnrollment, receiveFamily } from '../../src/notifications/receive-event.ts';
import { readCalendar } from '../calendars/read-calendar.ts';
import { aFamily, co, openEngines } from '../harness.ts';
import { settingsOf } from './run-loop.ts';
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
  await database.query({ name: 'test_clear', text: `truncate deliveries, outbox` });
  smtp = perTest.add(await startSmtp(), (it) => it.close());
});
afterEach(() => {
  smtp.hold(false);
  return perTest.closeAll();
});

const openMailer = (options: Partial<Parameters<typeof createMailer>[0]> = {}): Mailer =>
  perTest.add(
    createMailer({ smtpUrl: smtp.url, connections: 3, timeoutMs: 2_000, breakerOpenMs: 50, ...options }),
    (it) => it.close(),
  );

/** Runs a worker's delivery until the test ends or stops it. */
function startLoop(options: Partial<DeliveryOptions> = {}): { stop: () => Promise<void>; wake: () => void } {
  const stopping = new AbortController();
  const loop = createDeliveryLoop({
    queues: [familyMailQueue({ database, settingsOf })],
    mailer: options.mailer ?? openMailer(),
    concurrency: 3,
    leaseMs: 60_000,
    backoff: { baseMs: 20, maxMs: 100 },
    idleMs: 20,
    onEvent: (event) => seen.push(event),
    ...options,
  });
  const running = loop.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  perTest.add(stop, stop);
  return { stop, wake: () => loop.wake() };
}

const to = (email: string): ReceivedMail[] => smtp.mails.filter(({ recipients }) => recipients.includes(email));
const statuses = async (): Promise<Record<string, number>> => {
  const { rows } = await database.query<{ status: string; count: number }>({
    name: 'test_statuses',
    text: 'select status, count(*) as count from deliveries group by status',
  });
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};

describe('a mail', () => {
  test('of each kind arrives once, in the order of the inbox, with a calendar that can be read', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    for (const [version, kind] of ['waitlisted', 'promoted', 'confirmed', 'cancelled'].entries()) {
      const type = `homeroom.enrollment.${kind as 'confirmed'}.v1` as const;
      await receiveEnrollment(db, co, family.enrollment(type, { version: version + 1 }));
    }
    startLoop();
    await waitFor('five mails', () => smtp.mails.length === 5);
    await waitFor('five marks', async () => (await statuses())['sent'] === 5);
    const mails = to(family.email);
    const kinds = mails.map((mail) => mail.header('x-homeroom-kind'));
    expect(kinds).toEqual(['welcome', 'waitlisted', 'promoted', 'confirmed', 'cancelled']);
    const calendars = mails.map(({ ics }) => readCalendar(ics));
    expect(calendars.map(({ method }) => method)).toEqual(['REQUEST', 'REQUEST', 'REQUEST', 'REQUEST', 'CANCEL']);
    const [, ...classes] = calendars.map(({ events }) => events[0]);
    expect(classes.map((event) => event?.status)).toEqual(['TENTATIVE', 'TENTATIVE', 'CONFIRMED', 'CANCELLED']);
    expect(classes.map((event) => event?.sequence)).toEqual([1, 2, 3, 4]);
    expect(new Set(classes.map((event) => event?.uid)).size).toBe(1);
  });

  test('has text, HTML, the invitation as an alternative and as a file, and the headers that name it', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    startLoop();
    const mail = await waitFor('the mail', () => smtp.mails[0]);
    const id = mail.header('x-homeroom-notification');
    expect(mail.header('message-id')).toBe(`<${id ?? ''}@homeroom>`);
    expect(mail.email.from).toEqual({ name: 'Willow Creek', address: 'hello@willow.example' });
    expect(mail.email.to).toEqual([{ name: 'Ngozi Okafor', address: family.email }]);
    expect(mail.email.subject).toBe('Welcome to Willow Creek');
    expect(mail.email.text).toContain('Dear Okafor family,');
    expect(mail.email.html).toContain('<p>Dear Okafor family,</p>');
    expect(mail.raw).toMatch(/Content-Type: text\/calendar; charset=utf-8; method=REQUEST/i);
    expect(mail.email.attachments.map(({ filename }) => filename)).toContain('invite.ics');
  });

  test('goes to the address that the family has when it is sent', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    const guardianId = family.familyId;
    await receiveFamily(
      db,
      co,
      family.changed({ guardians: [{ guardianId, name: 'Ngozi', email: 'new@example.org' }] }),
    );
    startLoop();
    await waitFor('the mail', () => smtp.mails.length === 1);
    expect(smtp.mails[0]?.recipients).toEqual(['new@example.org']);
  });

  test('cannot be given headers or recipients by a name', async () => {
    const family = aFamily();
    const guardians = [
      { guardianId: family.familyId, name: 'Evil\r\nBcc: evil@example.org\r\n\r\n<h1>', email: family.email },
    ];
    await receiveFamily(db, co, family.registered({ guardians, name: 'x\r\nX-Evil: 1' }));
    startLoop();
    const mail = await waitFor('the mail', () => smtp.mails[0]);
    expect(mail.recipients).toEqual([family.email]);
    expect(mail.header('bcc')).toBeUndefined();
    expect(mail.header('x-evil')).toBeUndefined();
    expect(mail.email.html).not.toContain('<h1>');
  });

  test('that is sent is published as an event, in the same statement as the mark', async () => {
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    startLoop();
    const [row] = await waitFor('the outbox row', async () => {
      const { rows } = await database.query<{ headers: Record<string, string>; payload: Buffer; key: string }>({
        name: 'test_outbox',
        text: 'select headers, payload, key from outbox',
      });
      return rows.length > 0 && rows;
    });
    const event = decodeEvent({ headers: row?.headers ?? {}, value: row?.payload ?? null });
    expect(event).toMatchObject({
      type: 'homeroom.notification.sent.v1',
      subject: row?.key,
      data: { familyId: family.familyId, kind: 'welcome', channel: 'email', notificationId: row?.key },
    });
  });
});

describe('when the mail server', () => {
  test('is down, mails wait, and all of them go out once it is up', async () => {
    smtp.down();
    const families = Array.from({ length: 8 }, aFamily);
    for (const family of families) await receiveFamily(db, co, family.registered());
    startLoop();
    await waitFor('ten failed attempts', () => seen.filter(({ kind }) => kind === 'retry').length >= 10);
    expect(await statuses()).toEqual({ due: 8 });
    smtp.up();
    await waitFor('all marked', async () => (await statuses())['sent'] === 8);
    for (const { email } of families) expect(to(email)).toHaveLength(1);
  });

  test('is down, the breaker protects it from the queue; without the breaker every mail would connect', async () => {
    smtp.down();
    const families = Array.from({ length: 30 }, aFamily);
    for (const family of families) await receiveFamily(db, co, family.registered());
    const { stop } = startLoop({ mailer: openMailer({ breakerOpenMs: 60_000 }), backoff: { baseMs: 1, maxMs: 1 } });
    await waitFor('fifty attempts', () => seen.filter(({ kind }) => kind === 'retry').length >= 50);
    await stop();
    // five failures open it; the batch in progress may have connected too
    expect(smtp.connections()).toBeLessThanOrEqual(8);
  });

  test('refuses a mail permanently, it fails at the third time and delays no other mail', async () => {
    smtp.refuse(550);
    const family = aFamily();
    await receiveFamily(db, co, family.registered());
    startLoop();
    await waitFor('the end', async () => (await statuses())['failed'] === 1);
    expect(seen.filter(({ kind }) => kind === 'retry')).toHaveLength(2);
    smtp.refuse(undefined);
    await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    await waitFor('the next mail', () => to(family.email).length === 1);
  });

  test('asks to try again later, that is done for as long as it takes', async () => {
    smtp.refuse(451);
    await receiveFamily(db, co, aFamily().registered());
    startLoop();
    await waitFor('five attempts', () => seen.filter(({ kind }) => kind === 'retry').length >= 5);
    smtp.refuse(undefined);
    await waitFor('the mail', async () => (await statuses())['sent'] === 1);
    expect(smtp.mails).toHaveLength(1);
  });

  test('accepts and dies before it says so, the mail comes twice, with one Message-ID', async () => {
    smtp.cutBeforeReply(true);
    await receiveFamily(db, co, aFamily().registered());
    startLoop();
    await waitFor('the first copy', () => smtp.mails.length === 1);
    smtp.cutBeforeReply(false);
    await waitFor('the mark', async () => (await statuses())['sent'] === 1);
    expect(smtp.mails.length).toBeGreaterThanOrEqual(2);
    expect(new Set(smtp.mails.map((mail) => mail.header('message-id'))).size).toBe(1);
    expect(new Set(smtp.mails.map(({ ics }) => ics)).size).toBe(1);
  });

  test('does not answer, the attempt ends in time and the mail is sent later', async () => {
    smtp.hold(true);
    await receiveFamily(db, co, aFamily().registered());
    startLoop({ mailer: openMailer({ timeoutMs: 200 }) });
    await waitFor('an attempt that ran out of time', () => seen.some(({ kind }) => kind === 'retry'));
    smtp.hold(false);
    await waitFor('the mark', async () => (await statuses())['sent'] === 1);
  });
});

describe('workers', () => {
  test('that work side by side send every mail once', async () => {
    const families = Array.from({ length: 20 }, aFamily);
    for (const family of families) {
      await receiveFamily(db, co, family.registered());
      await receiveEnrollment(db, co, family.enrollment('homeroom.enrollment.confirmed.v1'));
    }
    for (let worker = 0; worker < 3; worker++) startLoop();
    await waitFor('all marked', async () => (await statuses())['sent'] === 40);
    expect(smtp.mails).toHaveLength(40);
    for (const { email } of families)
      expect(to(email).map((mail) => mail.header('x-homeroom-kind'))).toEqual(['welcome', 'confirmed']);
  });

  testWithSwitch(
    'that find a mail in progress leave it to its worker as long as its lease lasts',
    { name: 'leaseMs', on: 60_000, off: 0, failure: /Expected: 1\n+Received: 2/ },
    async (leaseMs) => {
      smtp.hold(true);
      await receiveFamily(db, co, aFamily().registered());
      const first = startLoop({ leaseMs, mailer: openMailer({ timeoutMs: 20_000 }) });
      await waitFor('the mail in progress', () => smtp.mails.length === 1);
      const queue = familyMailQueue({ database, settingsOf });
      const claims = jest.spyOn(queue, 'claim');
      const second = startLoop({ leaseMs, mailer: openMailer({ timeoutMs: 20_000 }), queues: [queue] });
      // a worker that claims nothing claims again; one that claims something sends it first
      await waitFor('an empty claim or a copy', () => claims.mock.calls.length > 1 || smtp.mails.length > 1);
      const stopped = [first.stop(), second.stop()];
      smtp.hold(false);
      await Promise.all(stopped);
      expect(smtp.mails.length).toBe(1);
      expect(await statuses()).toEqual({ sent: 1 });
    },
  );

  test('that die with a mail in progress release it when their lease ends', async () => {
    await receiveFamily(db, co, aFamily().registered());
    expect(await claimFamilyMails(database, { limit: 10, leaseMs: 300 })).toHaveLength(1);
    expect(await claimFamilyMails(database, { limit: 10, leaseMs: 300 })).toHaveLength(0);
    startLoop();
    await waitFor('the mail', async () => (await statuses())['sent'] === 1);
    expect(smtp.mails).toHaveLength(1);
    expect(seen.at(-1)).toMatchObject({ kind: 'sent', attempts: 2 });
  });

  test('that come back after their lease do not mark what another has taken over', async () => {
    smtp.hold(true);
    await receiveFamily(db, co, aFamily().registered());
    startLoop({ mailer: openMailer({ timeoutMs: 20_000 }) });
    await waitFor('the mail in progress', () => smtp.mails.length === 1);
    await database.query({ name: 'test_take_over', text: 'update deliveries set attempts = attempts + 1' });
    smtp.hold(false);
    await waitFor('the lost lease', () => seen.some(({ kind }) => kind === 'lease-lost'));
    expect(await statuses()).toEqual({ due: 1 });
  });

  test('that are asked to stop finish the mail in progress', async () => {
    smtp.hold(true);
    await receiveFamily(db, co, aFamily().registered());
    const { stop } = startLoop();
    await waitFor('the mail in progress', () => smtp.mails.length === 1);
    const stopped = stop();
    smtp.hold(false);
    await stopped;
    expect(await statuses()).toEqual({ sent: 1 });
  });
});
