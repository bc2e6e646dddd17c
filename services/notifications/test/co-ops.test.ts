import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Directory, type Coop } from '@homeroom/coops';
import type { IncomingMessage } from '@homeroom/kafka';
import type { CoopDatabase } from '@homeroom/postgres';
import { Closing, createTestDatabase, runProgram, waitFor, withClient } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { randomUUID } from 'node:crypto';
import { accountMailQueue } from '../src/account-mails/queue.ts';
import { CoopNotKnownError, knownCoop } from '../src/coops/known-coop.ts';
import { deadLetterConsumer } from '../src/consumers.ts';
import { coordinatorMailQueue } from '../src/coordinator-mails/queue.ts';
import { addDeadLetter } from '../src/dead-letters/store.ts';
import { familyMailQueue } from '../src/deliveries/family-mail-queue.ts';
import type { MailQueue } from '../src/deliveries/mail-queue.ts';
import { mailSettings } from '../src/deliveries/mail-settings.ts';
import {
  receiveAccount,
  receiveClass,
  receiveCoordinator,
  receiveEnrollment,
  receiveFamily,
} from '../src/notifications/receive-event.ts';
import { changeCoordinatorPreferences } from '../src/preferences/coordinator-store.ts';
import { announce } from '../src/streams/announce.ts';
import { sseEvent } from '../src/streams/sse.ts';
import { formatOf } from '../src/wording/format.ts';
import { shownEntries } from '../src/calendars/store.ts';
import { aDeadLetter } from './dead-letters/a-dead-letter.ts';
import { openSecondCoop, birch, willow } from './co-ops.ts';
import { runLoop } from './deliveries/run-loop.ts';
import { aFamily, anEvent, guardianOf, someCoordinator, startApp, startHarness, type Harness } from './harness.ts';
import { startSmtp } from './smtp-server.ts';
import { listen, startApi } from './streams/listen.ts';
import type { OpenStream } from './streams/read-stream.ts';

/*
 * Two co-ops in one database, with rows that are equal down to their ids: only coop_id distinguishes them.
 */

interface Home {
  readonly coop: Coop;
  readonly db: CoopDatabase;
  readonly guardian: { readonly cookie: string };
  readonly coordinator: { readonly cookie: string };
  /** A request to the co-op's host, of its guardian if it does not say of whom. */
  readonly ask: (options: InjectOptions) => Promise<LightMyRequestResponse>;
}

const perTest = new Closing();
let harness: Harness;
let family: ReturnType<typeof aFamily>;
let here: Home;
let there: Home;

beforeAll(async () => {
  // what a request has written is there for the next one: no replica
  harness = await startHarness({ replica: false, known: [willow, birch] });
  await openSecondCoop(harness);
});
afterAll(() => harness.close());

beforeEach(async () => {
  await harness.rows('truncate audiences, account_mails, coordinator_preferences, dead_letters, outbox cascade');
  family = aFamily();
  const [guardian, coordinator] = [guardianOf(family.familyId), someCoordinator()];
  const homeOf = async (coop: Coop): Promise<Home> => {
    const { coopId } = coop;
    const own = await harness.signedIn({ ...guardian, coopId } as typeof guardian);
    return {
      coop,
      db: harness.database.ofCoop(coopId),
      guardian: own,
      coordinator: await harness.signedIn({ ...coordinator, coopId } as typeof coordinator),
      ask: ({ headers, ...options }) =>
        harness.app.inject({ ...options, headers: { host: coop.hosts[0], ...own, ...headers } }),
    };
  };
  [here, there] = [await homeOf(willow), await homeOf(birch)];
});
afterEach(() => perTest.closeAll());

/** Registers the same family, by the same event, in both. @returns the ids of its welcome in each. */
async function registerInBoth(): Promise<{ welcome: string; registered: string }[]> {
  const event = family.registered();
  const added = [];
  for (const { db, coop } of [here, there]) added.push(await receiveFamily(db, coop, event));
  return added.map(([welcome, registered]) => ({ welcome: welcome?.id ?? '', registered: registered?.id ?? '' }));
}

const list = async (
  { ask }: Home,
  as: { cookie?: string } = {},
): Promise<{ items: { id: string }[]; unreadCount: number }> =>
  (await ask({ url: '/api/notifications', headers: as })).json();

describe('the inbox', () => {
  test('of the same family is another one in another co-op, and so is that of the coordinators', async () => {
    const [one, other] = await registerInBoth();
    const confirmed = family.enrollment('homeroom.enrollment.confirmed.v1');
    await receiveEnrollment(here.db, here.coop, confirmed);
    expect((await list(here)).items).toHaveLength(2);
    expect(await list(there)).toMatchObject({ items: [{ id: other?.welcome }], unreadCount: 1 });
    expect((await list(here, here.coordinator)).items.map(({ id }) => id)).toEqual([one?.registered]);
    expect((await list(there, there.coordinator)).items.map(({ id }) => id)).toEqual([other?.registered]);
    // the other co-op has not had this event
    expect(await receiveEnrollment(here.db, here.coop, confirmed)).toEqual([]);
    expect(await receiveEnrollment(there.db, there.coop, confirmed)).toHaveLength(1);
  });

  test('is read in one co-op and stays unread in the other', async () => {
    const [one] = await registerInBoth();
    const read = `/api/notifications/${one?.welcome}/read`;
    expect((await there.ask({ method: 'POST', url: read })).statusCode).toBe(404);
    const all = { method: 'POST', url: '/api/notifications/read-all', payload: { upTo: one?.welcome } } as const;
    expect((await there.ask(all)).statusCode).toBe(404);
    expect((await here.ask({ method: 'POST', url: read })).statusCode).toBe(204);
    expect([(await list(here)).unreadCount, (await list(there)).unreadCount]).toEqual([0, 1]);
    await registerInBoth();
    expect((await here.ask(all)).statusCode).toBe(200);
    expect((await list(there)).unreadCount).toBe(2);
  });

  test('gives cursors and ETags that continue and spare nothing in another co-op', async () => {
    await registerInBoth();
    await registerInBoth();
    const page = await here.ask({ url: '/api/notifications?limit=1' });
    const { nextCursor } = page.json<{ nextCursor: string }>();
    const next = `/api/notifications?cursor=${nextCursor}`;
    expect((await here.ask({ url: next })).statusCode).toBe(200);
    expect((await there.ask({ url: next })).json()).toMatchObject({ status: 422, code: 'invalid_cursor' });
    const conditional = { url: '/api/notifications?limit=1', headers: { 'if-none-match': String(page.headers.etag) } };
    expect((await here.ask(conditional)).statusCode).toBe(304);
    expect((await there.ask(conditional)).statusCode).toBe(200);
  });
});

const signedInRoutes = [
  ['GET', '/api/notifications'],
  ['POST', `/api/notifications/${randomUUID()}/read`],
  ['POST', '/api/notifications/read-all', { upTo: randomUUID() }],
  ['GET', '/api/notifications/stream'],
  ['GET', '/api/notification-preferences'],
  ['PATCH', '/api/notification-preferences', { email: { enabled: false } }],
  ['GET', '/api/dead-letters'],
  ['GET', `/api/dead-letters/${randomUUID()}`],
  ['POST', `/api/dead-letters/${randomUUID()}/replay`],
] as const;

testWithSwitch(
  'a session of one co-op is none at the host of another',
  {
    name: 'whose host it is',
    on: [willow, birch],
    off: [
      { ...willow, hosts: [...willow.hosts, ...birch.hosts] },
      { ...birch, hosts: ['elsewhere.example'] },
    ],
    failure: /- +401,\n[^]*\+ +200,/,
  },
  async (known) => {
    const closing = new Closing();
    try {
      const { app } = await startApp(harness, closing, { known });
      const statuses = [];
      for (const [method, url, payload] of signedInRoutes) {
        for (const { cookie } of [here.guardian, here.coordinator]) {
          const headers = { host: birch.hosts[0], cookie };
          const response = await app.inject({
            method,
            url,
            headers,
            ...(payload && { payload }),
            payloadAsStream: true,
          });
          response.stream().destroy();
          statuses.push(response.statusCode);
        }
      }
      expect(statuses).toEqual(signedInRoutes.flatMap(() => [401, 401]));
    } finally {
      await closing.closeAll();
    }
  },
);

describe('preferences', () => {
  const preferences = async (
    { ask }: Home,
    as: { cookie?: string } = {},
  ): Promise<{ email: unknown; calendarUrl: string }> =>
    (await ask({ url: '/api/notification-preferences', headers: as })).json();
  const change = async ({ ask }: Home, payload: object, as: { cookie?: string } = {}): Promise<void> => {
    const url = '/api/notification-preferences';
    expect((await ask({ method: 'PATCH', url, payload, headers: as })).statusCode).toBe(200);
  };

  test('of the same account are changed in one co-op, and stay in the other', async () => {
    const before = await preferences(there);
    await change(here, { email: { enabled: false, kinds: { confirmed: false } } });
    expect(await preferences(here)).toMatchObject({ email: { enabled: false, kinds: { confirmed: false } } });
    expect(await preferences(there)).toEqual(before);
    const desk = await preferences(there, there.coordinator);
    await change(here, { email: { kinds: { flagged: true } } }, here.coordinator);
    expect(await preferences(there, there.coordinator)).toEqual(desk);
  });

  test('have a calendar address at the co-op’s own host, which opens nothing at another', async () => {
    await registerInBoth();
    const [one, other] = [
      new URL((await preferences(here)).calendarUrl),
      new URL((await preferences(there)).calendarUrl),
    ];
    expect([one.host, other.host]).toEqual(['willow.example:8080', 'birch.example:8080']);
    expect(one.pathname).not.toBe(other.pathname);
    const calendar = await here.ask({ url: one.pathname, headers: { cookie: '' } });
    expect(calendar.payload).toContain('Orientation at Willow Creek');
    expect((await there.ask({ url: other.pathname, headers: { cookie: '' } })).payload).toContain(
      'Orientation at Birch Lane',
    );
    const conditional = { 'if-none-match': String(calendar.headers.etag) };
    expect((await here.ask({ url: one.pathname, headers: conditional })).statusCode).toBe(304);
    expect((await there.ask({ url: one.pathname, headers: conditional })).json()).toMatchObject({
      status: 404,
      code: 'calendar_not_found',
    });
    await change(there, { rotateCalendar: true });
    expect((await here.ask({ url: one.pathname })).statusCode).toBe(200);
    expect((await there.ask({ url: other.pathname })).statusCode).toBe(404);
  });
});

test('a calendar shows the classes of its own co-op, and moves with them alone', async () => {
  await registerInBoth();
  const confirmed = family.enrollment('homeroom.enrollment.confirmed.v1');
  const moved = { ...confirmed.data.class, version: confirmed.data.class.version + 1, room: 'Barn' };
  await receiveEnrollment(here.db, here.coop, confirmed);
  await receiveEnrollment(there.db, there.coop, confirmed);
  await receiveClass(there.db, anEvent('homeroom.class.changed.v1', moved));
  const rooms = [];
  for (const { db } of [here, there]) {
    const shown = await shownEntries(db, family.familyId, { format: formatOf('en-US') });
    rooms.push(shown.map(({ entry }) => entry.location).filter((location) => /Barn|Workshop/.test(location)));
  }
  expect(rooms).toEqual([['Workshop'], ['Barn']]);
});

describe('a stream', () => {
  const opened = async () => {
    const { port, fanOut } = await startApi(harness, perTest, { known: [willow, birch], heartbeatMs: 60_000 });
    const of = async ({ coop, guardian }: Home) => listen(perTest, port, { host: coop.hosts[0] ?? '', ...guardian });
    return { streams: [await of(here), await of(there)], port, fanOut };
  };
  const announced = async ({ db, coop }: Home, version: number): Promise<string | undefined> => {
    const event = { ...family.enrollment('homeroom.enrollment.confirmed.v1', { version }), id: randomUUID() };
    const added = await receiveEnrollment(db, coop, event);
    const { cacheRedis: redis, channel } = harness;
    await announce({ redis, channel, onError: (error) => expect(error).toBeUndefined() }, added);
    return added[0]?.id;
  };
  const ids = ({ events }: OpenStream): unknown[] =>
    events.filter(({ event }) => event === 'notification').map(({ data }) => data['id']);

  test('shows what is announced for its own co-op, not what is for the same family of another', async () => {
    const { streams } = await opened();
    const sent: (string | undefined)[][] = [[], []];
    for (const version of [1, 2, 3]) {
      for (const [index, home] of [here, there].entries()) sent[index]?.push(await announced(home, version));
    }
    for (const stream of streams) await waitFor('its own', () => ids(stream).length === 3);
    expect(streams.map(ids)).toEqual(sent);
  });

  test('shows what was announced before there were co-ops in the first one', async () => {
    const { streams } = await opened();
    const frame = sseEvent('notification', { id: 'old' }, { id: 'old' });
    await harness.cacheRedis.publish(harness.channel, `family:${family.familyId} 1\n${frame}`);
    const id = await announced(there, 1);
    await waitFor('both', () => streams.every((stream) => ids(stream).length === 1));
    expect(streams.map(ids)).toEqual([['old'], [id]]);
  });

  test('begins at the present when it is resumed with an id of another co-op', async () => {
    const { port } = await opened();
    const first = await announced(here, 1);
    await announced(here, 2);
    await announced(there, 1);
    const headers = { host: birch.hosts[0] ?? '', ...there.guardian, 'last-event-id': first ?? '' };
    const resumed = await listen(perTest, port, headers);
    const next = await announced(there, 2);
    await waitFor('the next', () => ids(resumed).length > 0);
    expect(ids(resumed)).toEqual([next]);
  });
});

describe('mails', () => {
  const coops = new Directory([willow, birch]);
  const settingsOf = mailSettings({
    coops,
    address: 'hello@homeroom.example',
    publicOrigin: 'https://homeroom.example',
  });
  const queues = () => {
    const { database } = harness;
    return [
      accountMailQueue({ database, settingsOf, tokenSecret: 'a secret for tests only' }),
      coordinatorMailQueue({ database, settingsOf }),
    ];
  };

  test('have the name, the host, the time zone, and the formats of their co-op', async () => {
    await registerInBoth();
    const accountId = randomUUID();
    const link = { tokenId: randomUUID(), expiresAt: '2099-01-15T12:00:00.000Z' };
    const requested = anEvent('homeroom.account.password-reset-requested.v1', {
      accountId,
      email: 'same@example.org',
      ...link,
    });
    for (const { db } of [here, there]) await receiveAccount(db, requested);
    const smtp = perTest.add(await startSmtp(), (it) => it.close());
    runLoop(perTest, { database: harness.database, smtp, settingsOf, queues: queues() });
    await waitFor('all four', () => smtp.mails.length === 4);
    const of = (name: string, kind: string) =>
      smtp.mails.find((mail) => mail.email.from?.name === name && mail.header('x-homeroom-kind') === kind);
    for (const { name } of [willow, birch]) {
      expect(of(name, 'welcome')?.recipients).toEqual([family.email]);
      expect(of(name, 'welcome')?.email.from?.address).toBe('hello@homeroom.example');
      expect(of(name, 'welcome')?.email.subject).toBe(`Welcome to ${name}`);
      expect(of(name, 'welcome')?.ics).toContain(`Orientation at ${name}`);
    }
    expect(of('Willow Creek', 'welcome')?.email.text).toContain('Saturday, August 8, 2026 at 10:00 AM');
    expect(of('Willow Creek', 'welcome')?.email.text).toContain('Willow Creek · https://willow.example');
    expect(of('Willow Creek', 'welcome')?.ics).toContain('TZID=America/Chicago');
    expect(of('Willow Creek', 'password_reset')?.email.text).toContain('until January 15, 2099 at 6:00 AM CST');
    expect(of('Willow Creek', 'password_reset')?.email.text).toContain('https://willow.example/account/reset#');
    expect(of('Birch Lane', 'welcome')?.email.text).toContain('Saturday, 8 August 2026 at 10:00');
    expect(of('Birch Lane', 'welcome')?.ics).toContain('TZID=Europe/London');
    expect(of('Birch Lane', 'password_reset')?.email.text).toContain('until 15 January 2099 at 12:00 GMT');
    expect(of('Birch Lane', 'password_reset')?.email.text).toContain('https://birch.example/account/reset#');
    const published = () =>
      harness.rows<{ coop: string; named: string }>(
        `select coop_id as coop, headers ->> 'ce_coopid' as named from outbox order by 1`,
      );
    await waitFor('the marks', async () => (await published()).length === 2);
    expect(await published()).toEqual([willow.coopId, birch.coopId].map((coop) => ({ coop, named: coop })));
  });

  test('of one co-op do not wait for those of the same family, account, or coordinator in another', async () => {
    const all: MailQueue[] = [familyMailQueue({ database: harness.database, settingsOf }), ...queues()];
    const { accountId, name, email } = { accountId: randomUUID(), name: 'Robin', email: 'robin@example.org' };
    for (const { db, coop } of [here, there]) {
      await receiveCoordinator(db, anEvent('homeroom.account.coordinator-saved.v1', { accountId, name, email }));
      await changeCoordinatorPreferences(db, accountId, { emailEnabled: true, on: ['family_registered'], off: [] });
      await receiveAccount(db, anEvent('homeroom.account.password-changed.v1', { accountId, email }));
      await receiveFamily(db, coop, family.registered());
    }
    for (const each of all) {
      const claimed = await each.claim({ limit: 10, leaseMs: 60_000 });
      expect(claimed.map(({ coopId }) => coopId).sort()).toEqual([willow.coopId, birch.coopId]);
      const [first, second] = claimed;
      if (first === undefined || second === undefined) throw new Error('no mail');
      // a mark names the co-op: with another one it finds no mail
      expect(await each.markSent({ ...first, coopId: second.coopId })).toBe(false);
      expect(await each.markSent(first)).toBe(true);
    }
  });

  test('go to the coordinators of one co-op who have switched them on, not to those of another', async () => {
    const accountId = randomUUID();
    const saved = anEvent('homeroom.account.coordinator-saved.v1', {
      accountId,
      name: 'Robin',
      email: 'robin@example.org',
    });
    for (const { db } of [here, there]) await receiveCoordinator(db, saved);
    await changeCoordinatorPreferences(here.db, accountId, { emailEnabled: true, on: ['family_registered'], off: [] });
    await registerInBoth();
    expect(await harness.rows('select coop_id from coordinator_mails')).toEqual([{ coop_id: willow.coopId }]);
  });

  test('are held while the family’s address is not verified in their own co-op', async () => {
    const guardian = { guardianId: family.guardianId, name: 'Ngozi Okafor', email: family.email };
    for (const [{ db, coop }, emailVerified] of [
      [here, true],
      [there, false],
    ] as const) {
      await receiveFamily(db, coop, family.registered({ guardians: [{ ...guardian, emailVerified }] }));
    }
    const queue = familyMailQueue({ database: harness.database, settingsOf });
    expect(await queue.claim({ limit: 10, leaseMs: 60_000 })).toMatchObject([{ coopId: willow.coopId }]);
  });
});

describe('a co-op that the directory does not have', () => {
  const passes = (coops: Directory, coopId: string, attempt: number): boolean | undefined => {
    try {
      knownCoop(coops, coopId, { attempt });
      return undefined;
    } catch (error) {
      if (error instanceof CoopNotKnownError) return error.passes;
      throw error;
    }
  };

  test('is waited for, but not without end; the first one is until its name is known', () => {
    const coops = new Directory([{ ...willow, version: 0 }, birch]);
    expect([1, 60, 61].map((attempt) => passes(coops, randomUUID(), attempt))).toEqual([true, true, false]);
    expect([1, 60, 61].map((attempt) => passes(coops, willow.coopId, attempt))).toEqual([true, true, true]);
    expect(passes(coops, birch.coopId, 61)).toBeUndefined();
    coops.put(willow);
    expect(passes(coops, willow.coopId, 1)).toBeUndefined();
  });
});

describe('dead letters', () => {
  const offsets = (): string => String(Math.floor(Math.random() * 1e9));
  const message = (coopId?: string): IncomingMessage => {
    const headers = { ce_id: randomUUID(), ...(coopId === undefined ? {} : { ce_coopid: coopId }) };
    const rawHeaders = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]));
    const place = { topic: 'homeroom.family.v1.dlq', partition: 0, offset: offsets(), timestampMs: Date.now() };
    return { ...place, key: Buffer.from('k'), value: Buffer.from('{}'), headers, rawHeaders };
  };
  const store = (...letters: IncomingMessage[]): Promise<unknown> => {
    const { handler } = deadLetterConsumer({ database: harness.database });
    const context = { attempt: 1, signal: new AbortController().signal };
    return Promise.all(letters.map((letter) => handler(letter, context)));
  };
  const letters = async ({ ask, coordinator }: Home): Promise<{ items: { id: string }[] }> =>
    (await ask({ url: '/api/dead-letters', headers: coordinator })).json();

  test('belong to the co-op that the message names, to the first one when it names none', async () => {
    await store(message(birch.coopId), message(), message('no id'), message(willow.coopId));
    expect((await letters(here)).items).toHaveLength(3);
    expect((await letters(there)).items).toHaveLength(1);
  });

  test('are seen and replayed by the coordinators of their own co-op only', async () => {
    await store(message(willow.coopId));
    const [letter] = (await letters(here)).items;
    const url = `/api/dead-letters/${letter?.id ?? ''}`;
    const replay = { method: 'POST', url: `${url}/replay` } as const;
    expect((await there.ask({ url, headers: there.coordinator })).statusCode).toBe(404);
    expect((await there.ask({ ...replay, headers: there.coordinator })).statusCode).toBe(404);
    expect(await harness.rows('select from outbox')).toEqual([]);
    expect((await here.ask({ ...replay, headers: here.coordinator })).statusCode).toBe(204);
    expect(await harness.rows('select coop_id from outbox')).toEqual([{ coop_id: willow.coopId }]);
  });

  test('list no cursor of another co-op', async () => {
    for (const { db } of [here, there]) for (let count = 0; count < 2; count++) await addDeadLetter(db, aDeadLetter());
    const ask = ({ ask: send, coordinator }: Home, query: string) =>
      send({ url: `/api/dead-letters?${query}`, headers: coordinator });
    const { nextCursor } = (await ask(here, 'limit=1')).json<{ nextCursor: string }>();
    expect((await ask(here, `cursor=${nextCursor}`)).json<{ items: unknown[] }>().items).toHaveLength(1);
    expect((await ask(there, `cursor=${nextCursor}`)).json()).toMatchObject({ status: 422, code: 'invalid_cursor' });
  });

  test('of all co-ops are replayed by the command, each for its own', async () => {
    await store(message(birch.coopId), message(willow.coopId));
    const command = new URL('../src/commands/replay-dead-letters.ts', import.meta.url);
    const { out } = await runProgram(command, [], { env: { DATABASE_URL: harness.testDatabase.url } });
    expect(out).toContain('replayed 2, left 0 that cannot be');
    const outbox = await harness.rows(`select coop_id = (headers ->> 'ce_coopid')::uuid as own from outbox`);
    expect(outbox).toEqual([{ own: true }, { own: true }]);
  });
});

test('every key and every reference of a table of co-ops contains the co-op', async () => {
  const keys = await harness.rows<{ name: string; columns: string[] }>(
    `select i.indexrelid::regclass::text as name, array_agg(a.attname::text) as columns
     from pg_index i
       join pg_class t on t.oid = i.indrelid and t.relnamespace = 'public'::regnamespace
       join pg_attribute a on a.attrelid = i.indexrelid
     where i.indisunique and t.relname not in ('coops', 'schema_migrations') group by 1`,
  );
  expect(keys.length).toBeGreaterThan(15);
  expect(keys.filter(({ columns }) => !columns.includes('coop_id'))).toEqual([]);
  const references = await harness.rows<{ name: string; definition: string }>(
    `select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint where contype = 'f'`,
  );
  expect(references).toHaveLength(4);
  for (const { definition } of references)
    expect(definition).toMatch(/^FOREIGN KEY \(coop_id, \w+\) REFERENCES \w+\(coop_id, /);
});

test('with the second co-op, what serves version 0.2 is dropped', async () => {
  const kept = `select conname from pg_constraint where conname like '%\\_before\\_coops'`;
  expect(await harness.rows(kept)).toEqual([]);
  // control: it is there before
  const alone = await createTestDatabase('notifications', { replica: false });
  try {
    await withClient(alone.url, async (client) => expect((await client.query(kept)).rows).not.toEqual([]));
  } finally {
    await alone.drop();
  }
});
