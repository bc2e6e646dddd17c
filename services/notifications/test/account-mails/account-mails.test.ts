import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { accountToken } from '@homeroom/contracts';
import type { CoopDatabase, Database } from '@homeroom/postgres';
import { Closing, waitFor } from '@homeroom/testing';
import { randomUUID } from 'node:crypto';
import { accountMailQueue } from '../../src/account-mails/queue.ts';
import { claimAccountMails, deleteOldAccountMails } from '../../src/account-mails/store.ts';
import type { AccountEvent } from '../../src/account-mails/account-mail.ts';
import type { DeliveryEvent } from '../../src/deliveries/deliver-mail.ts';
import { countOpen } from '../../src/deliveries/store.ts';
import { receiveAccount, receiveFamily } from '../../src/notifications/receive-event.ts';
import { runLoop, settingsOf } from '../deliveries/run-loop.ts';
import { aFamily, anEvent, co, openEngines } from '../harness.ts';
import { startSmtp, type ReceivedMail, type TestSmtp } from '../smtp-server.ts';

const closing = new Closing();
const perTest = new Closing();
const tokenSecret = 'a secret for tests only';
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
  await database.query({ name: 'test_clear', text: 'truncate deliveries, account_mails, outbox' });
  smtp = perTest.add(await startSmtp(), (it) => it.close());
});
afterEach(() => perTest.closeAll());

const start = (): void =>
  runLoop(perTest, {
    database,
    smtp,
    queues: [accountMailQueue({ database, settingsOf, tokenSecret })],
    onEvent: (event) => seen.push(event),
  });
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();
const kindOf = (mail: ReceivedMail): string | undefined => mail.header('x-homeroom-kind');

/** An event of an account with an address of its own, whose link is good for an hour. */
function anAccountEvent(type: AccountEvent['type'], data: object = {}): AccountEvent {
  const accountId = randomUUID();
  const email = `account-${accountId.slice(0, 8)}@example.org`;
  const link = /requested/.test(type) ? { tokenId: randomUUID(), expiresAt: inAnHour() } : {};
  return anEvent(type, { accountId, email, ...link, ...data });
}

describe('S1, S6: a mail with a link', () => {
  test.each([
    ['homeroom.account.verification-requested.v1', 'verification', 'verify'],
    ['homeroom.account.password-reset-requested.v1', 'password_reset', 'reset'],
  ] as const)('%s goes to the address of the event, with the token that families expects', async (type, kind, page) => {
    const event = anAccountEvent(type);
    await receiveAccount(db, event);
    start();
    const mail = await waitFor('the mail', () => smtp.mails[0]);
    const { tokenId } = event.data as { tokenId: string };
    expect(mail.recipients).toEqual([event.data.email]);
    expect(kindOf(mail)).toBe(kind);
    const link = `https://willow.example/account/${page}#${accountToken(tokenId, tokenSecret)}`;
    expect(mail.email.text).toContain(`\n${link}\n`);
    expect(mail.email.html).toContain(`<a href="${link}">`);
    expect(mail.ics).toBe('');
  });

  test('keeps its token out of the database: only what it is derived from is stored', async () => {
    const event = anAccountEvent('homeroom.account.verification-requested.v1');
    await receiveAccount(db, event);
    start();
    await waitFor('the mark', () => seen.find(({ kind }) => kind === 'sent'));
    const { rows } = await database.query<{ row: string }>({
      name: 'test_account_rows',
      text: 'select m::text as row from account_mails m',
    });
    const { tokenId } = event.data as { tokenId: string };
    expect(rows[0]?.row).toContain(tokenId);
    expect(rows[0]?.row).not.toContain(accountToken(tokenId, tokenSecret).split('.')[1]);
  });

  test('names nobody: neither in its text nor beside its address', async () => {
    const family = aFamily();
    await receiveFamily(
      db,
      co,
      family.registered({
        name: 'Buy now at evil.example',
        guardians: [{ guardianId: family.familyId, name: 'Evil Offer', email: family.email, emailVerified: false }],
      }),
    );
    await receiveAccount(
      db,
      anAccountEvent('homeroom.account.verification-requested.v1', { accountId: family.familyId, email: family.email }),
    );
    start();
    const mail = await waitFor('the mail', () => smtp.mails[0]);
    expect(mail.email.to).toEqual([{ name: '', address: family.email }]);
    expect(mail.raw).not.toMatch(/evil/i);
    expect(smtp.mails.map(kindOf)).toEqual(['verification']);
  });

  test('is not sent after its link has expired, and holds up no later one', async () => {
    const accountId = randomUUID();
    const expired = { accountId, expiresAt: new Date(Date.now() - 1_000).toISOString() };
    const type = 'homeroom.account.password-reset-requested.v1';
    await receiveAccount(db, anAccountEvent(type, expired));
    await receiveAccount(db, anAccountEvent(type, { accountId, email: 'later@example.org' }));
    start();
    await waitFor('the later mail', () => smtp.mails.length === 1);
    expect(smtp.mails[0]?.recipients).toEqual(['later@example.org']);
    const { rows } = await database.query<{ status: string }>({
      name: 'test_account_statuses',
      text: `select status from account_mails where expires_at < now()`,
    });
    expect(rows).toEqual([{ status: 'expired' }]);
  });
});

describe('S7, S10: a mail about what happened to an account', () => {
  test('says what to do', async () => {
    await receiveAccount(db, anAccountEvent('homeroom.account.password-changed.v1'));
    await receiveAccount(db, anAccountEvent('homeroom.account.sign-in-attacked.v1'));
    start();
    await waitFor('both', () => smtp.mails.length === 2);
    const text = (kind: string): string => smtp.mails.find((mail) => kindOf(mail) === kind)?.email.text ?? '';
    expect(text('password_changed')).toContain('request a password reset at https://willow.example now');
    expect(text('sign_in_attacked')).toContain('In the last 15 minutes, 50 sign-ins to your account');
  });
});

describe('an account’s mails', () => {
  test('are queued once, however often the event comes', async () => {
    const event = anAccountEvent('homeroom.account.password-changed.v1');
    await Promise.all([1, 2, 3].map(() => receiveAccount(db, event)));
    expect(await claimAccountMails(database, { limit: 10, leaseMs: 60_000 })).toHaveLength(1);
    expect(await claimAccountMails(database, { limit: 10, leaseMs: 60_000 })).toHaveLength(0);
  });

  test('leave in order, one at a time; another account’s do not wait for them', async () => {
    const accountId = randomUUID();
    const type = 'homeroom.account.password-reset-requested.v1';
    for (const email of ['one@example.org', 'two@example.org'])
      await receiveAccount(db, anAccountEvent(type, { accountId, email }));
    await receiveAccount(db, anAccountEvent(type, { email: 'other@example.org' }));
    const first = await claimAccountMails(database, { limit: 10, leaseMs: 60_000 });
    expect(first.map(({ email }) => email).sort()).toEqual(['one@example.org', 'other@example.org']);
  });

  test('do not wait behind the held mails of the family, and are counted', async () => {
    const family = aFamily();
    const guardians = [{ guardianId: family.familyId, name: 'Ngozi', email: family.email, emailVerified: false }];
    await receiveFamily(db, co, family.registered({ guardians }));
    await receiveAccount(
      db,
      anAccountEvent('homeroom.account.verification-requested.v1', { accountId: family.familyId, email: family.email }),
    );
    expect((await countOpen(database)).map(({ queue, status, count }) => [queue, status, count])).toEqual([
      ['family', 'held', 1],
      ['account', 'due', 1],
    ]);
    start();
    await waitFor('the mark', () => seen.find((event) => event.kind === 'sent' && event.mail === 'verification'));
    expect(smtp.mails).toHaveLength(1);
  });

  test('are retried while the server is down, and fail when it refuses them permanently', async () => {
    smtp.refuse(451);
    await receiveAccount(db, anAccountEvent('homeroom.account.password-changed.v1'));
    start();
    await waitFor('some attempts', () => seen.filter(({ kind }) => kind === 'retry').length >= 4);
    smtp.refuse(550);
    await waitFor('the end', () => seen.some(({ kind }) => kind === 'failed'));
    expect(await countOpen(database)).toEqual([]);
  });

  test('are deleted some time after their end', async () => {
    await receiveAccount(db, anAccountEvent('homeroom.account.password-changed.v1'));
    await receiveAccount(db, anAccountEvent('homeroom.account.password-changed.v1'));
    await database.query({
      name: 'test_age',
      text: `update account_mails set created_at = now() - interval '91 days', status = case when sequence = (select min(sequence) from account_mails) then 'sent' else status end`,
    });
    expect(await deleteOldAccountMails(database)).toBe(1);
    expect(await deleteOldAccountMails(database)).toBe(0);
  });
});
