import { createTestDatabase, waitFor, withClient } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { carryOutJobs } from '../src/class-jobs/carry-out-jobs.ts';
import { expireOffers } from '../src/enrollments/expire-offers.ts';
import { collectCharges } from '../src/payments/collect-charges.ts';
import { notifyDelays } from '../src/payments/notify-delays.ts';
import { openPaymentProvider } from '../src/payments/provider.ts';
import { termsOf } from '../src/seats/terms.ts';
import { pottery, webhookSecret, type Child } from './harness.ts';
import { TestProvider } from './payments/test-provider.ts';
import { contentOf, startTwoCoops, type Side, type TwoCoops } from './two-co-ops.ts';

/* Two co-ops with equal data: nothing of one is seen, found, changed, or continued on the host of the other. */

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let both: TwoCoops;
let a: Side;
let b: Side;
beforeAll(async () => {
  both = await startTwoCoops();
  ({ a, b } = both);
});
afterAll(() => both.harness.close());

const codeOf = (response: { statusCode: number; json(): { code?: string } }) =>
  `${response.statusCode} ${response.json().code ?? ''}`;

/** Opens a class by the API, in a room and with a teacher of its own. */
const openClass = async (side: Side, change: object = {}): Promise<{ id: string; title: string }> => {
  const title = `Pottery ${uuidv7()}`;
  const payload = { ...pottery, title, room: title, teacher: title, ...change };
  const response = await side.send('POST', '/api/classes', await side.coordinator(), payload);
  expect(response.statusCode).toBe(201);
  return response.json();
};

const enroll = async (side: Side, child: Child, classId: string, headers: Record<string, string> = {}) =>
  side.send('POST', '/api/enrollments', { ...(await side.coordinator()), ...headers }, { classId, childId: child.id });

/** A class of one seat, with an enrollment that costs money. */
const anEnrollment = async (side: Side, name = 'Maya') => {
  const { id: classId } = await openClass(side, { capacity: 1 });
  const child = await side.child(name);
  const made = (await enroll(side, child, classId)).json<{ id: string }>();
  return { id: made.id, classId, child };
};

describe('side by side', () => {
  test('the same class, in the same room, with the same teacher, by the same key of the same account', async () => {
    const accountId = uuidv7();
    const title = `Chess ${uuidv7()}`;
    const open = async (side: Side, key: string) =>
      side.send(
        'POST',
        '/api/classes',
        { ...(await side.coordinator(accountId)), 'idempotency-key': key },
        { ...pottery, title, room: title, teacher: title },
      );
    const [first, second] = [await open(a, 'one-key'), await open(b, 'one-key')];
    expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
    expect(second.json().id).not.toBe(first.json().id);
    // control: in one co-op it is one answer for one key, and one class
    expect((await open(a, 'one-key')).json().id).toBe(first.json().id);
    expect(codeOf(await open(a, 'another-key'))).toBe('409 class_exists');
  });

  test('a room and a teacher are booked once in each', async () => {
    const room = `Barn ${uuidv7()}`;
    await openClass(a, { room });
    await openClass(b, { room });
    const payload = { ...pottery, title: 'Another', teacher: 'Another', room };
    expect(codeOf(await b.send('POST', '/api/classes', await b.coordinator(), payload))).toBe('409 double_booked');
  });

  test('the same key of the same account enrolls in each, and is answered by each', async () => {
    const accountId = uuidv7();
    const sides = [
      { side: a, child: await a.child('Maya'), classId: (await openClass(a)).id },
      { side: b, child: await b.child('Maya'), classId: (await openClass(b)).id },
    ];
    const answers: string[] = [];
    for (const { side, child, classId } of [...sides, ...sides]) {
      const headers = { ...(await side.coordinator(accountId)), 'idempotency-key': 'enroll' };
      answers.push((await enroll(side, child, classId, headers)).json().id);
    }
    expect(answers.slice(2)).toEqual(answers.slice(0, 2));
    expect(new Set(answers).size).toBe(2);
  });

  test('the same file by the same key is an import in each', async () => {
    const accountId = uuidv7();
    const title = `Choir ${uuidv7()}`;
    const csv = [
      'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
      `${title},Ines,music,Barn,monday,10:00,11:00,2027-01-11,2027-05-17,7,11,12,0`,
    ].join('\n');
    const jobs: string[] = [];
    for (const side of [a, b]) {
      const headers = { ...(await side.coordinator(accountId)), 'content-type': 'text/csv', 'idempotency-key': 'file' };
      const sent = await both.harness.app.inject({
        method: 'POST',
        url: '/api/classes/import',
        headers: { host: side.coop.hosts[0] ?? '', ...headers },
        payload: csv,
      });
      jobs.push(sent.json().id);
    }
    expect(new Set(jobs).size).toBe(2);
    await both.harness.runImports();
    for (const [side, own, other] of [
      [a, jobs[0], jobs[1]],
      [b, jobs[1], jobs[0]],
    ] as const) {
      const headers = await side.coordinator(accountId);
      const read = (id: string | undefined) => side.send('GET', `/api/classes/import/${id}`, headers);
      expect((await read(own)).json()).toMatchObject({ status: 'done', report: { created: 1 } });
      expect(codeOf(await read(other))).toBe('404 import_not_found');
      const found = await side.send('GET', '/api/classes?q=choir', {});
      expect(found.json().items).toHaveLength(1);
    }
  });
});

describe('what belongs to one co-op', () => {
  test('is not found by its id on the host of the other, also when it is cached and known', async () => {
    const { id, classId, child } = await anEnrollment(a);
    // now the class is in both caches, and class and child are in the memory of enrolling
    expect((await a.send('GET', `/api/classes/${classId}`, {})).statusCode).toBe(200);
    expect((await a.send('GET', `/api/classes/${classId}`, {})).statusCode).toBe(200);
    const before = await contentOf(both, a);

    const coordinator = await b.coordinator();
    const own = { child: await b.child('Leo'), classId: (await openClass(b)).id };
    const asked = {
      [`GET /api/classes/${classId}`]: '404 class_not_found',
      [`PATCH /api/classes/${classId}`]: '404 class_not_found',
      [`POST /api/classes/${classId}/cancel`]: '404 class_not_found',
      [`GET /api/classes/${classId}/roster`]: '404 class_not_found',
      [`GET /api/enrollments/${id}`]: '404 enrollment_not_found',
      [`POST /api/enrollments/${id}/accept`]: '404 enrollment_not_found',
      [`DELETE /api/enrollments/${id}`]: '404 enrollment_not_found',
    };
    const bodies: Record<string, object> = { PATCH: { capacity: 9 }, cancel: { reason: 'Not ours' } };
    const answers: Record<string, string> = {};
    for (const request of Object.keys(asked)) {
      const [method, url] = request.split(' ') as ['GET', string];
      const payload = bodies[method] ?? bodies[url.split('/').at(-1) ?? ''];
      answers[request] = codeOf(await b.send(method, url, coordinator, payload));
    }
    expect(answers).toEqual(asked);
    expect(codeOf(await enroll(b, own.child, classId))).toBe('404 class_not_found');
    // its id is a recent one: its event may be on its way, as that of any child that is not known
    expect(codeOf(await enroll(b, child, own.classId))).toBe('409 family_not_ready');
    const stranger = await b.guardian(child.familyId);
    expect((await b.send('GET', '/api/enrollments', stranger)).json()).toEqual({ items: [] });
    expect(await contentOf(both, a)).toEqual(before);
  });

  test('is not in the lists of the other', async () => {
    const word = `kiln${uuidv7().slice(-12)}`;
    const [ofA, ofB] = [await openClass(a, { subject: word }), await openClass(b, { subject: word })];
    for (const [side, own] of [
      [a, ofA],
      [b, ofB],
    ] as const) {
      const found = await side.send('GET', `/api/classes?q=${word}`, {});
      expect(found.json().items).toEqual([expect.objectContaining({ id: own.id })]);
    }
    const [made, other] = [await anEnrollment(a), await anEnrollment(b)];
    const listed = async (side: Side, query: string) =>
      (await side.send('GET', `/api/enrollments?${query}`, await side.coordinator()))
        .json<{ items: { id: string }[] }>()
        .items.map(({ id }) => id);
    expect(await listed(a, 'limit=100')).toContain(made.id);
    expect(await listed(b, 'limit=100')).toContain(other.id);
    expect(await listed(b, 'limit=100')).not.toContain(made.id);
    expect(await listed(b, `classId=${made.classId}`)).toEqual([]);
    expect(await listed(b, `familyId=${made.child.familyId}`)).toEqual([]);
  });

  test('is opened by no session of the other', async () => {
    const { id, classId, child } = await anEnrollment(a);
    const before = await contentOf(both, a);
    for (const headers of [await a.coordinator(), await a.guardian(child.familyId)]) {
      for (const url of [`/api/enrollments/${id}`, '/api/enrollments']) {
        // control: at home the same session is one
        expect((await a.send('GET', url, headers)).statusCode).toBe(200);
        expect(codeOf(await b.send('GET', url, headers))).toBe('401 unauthenticated');
      }
      const payload = { classId, childId: child.id };
      expect(codeOf(await b.send('POST', '/api/enrollments', headers, payload))).toBe('401 unauthenticated');
      expect(codeOf(await b.send('DELETE', `/api/enrollments/${id}`, headers))).toBe('401 unauthenticated');
    }
    expect(codeOf(await b.send('POST', '/api/classes', await a.coordinator(), pottery))).toBe('401 unauthenticated');
    expect(await contentOf(both, a)).toEqual(before);
  });

  test('is continued by no cursor of the other', async () => {
    for (const side of [a, b]) for (let n = 0; n < 2; n++) await anEnrollment(side);
    const [first, second] = [await anEnrollment(a), await anEnrollment(b)];
    await enroll(a, await a.child('Leo'), first.classId);
    const headersOf = new Map([
      [a, await a.coordinator()],
      [b, await b.coordinator()],
    ]);
    for (const [url, there] of [
      ['/api/classes', '/api/classes'],
      ['/api/enrollments', '/api/enrollments'],
      [`/api/classes/${first.classId}/roster`, `/api/classes/${second.classId}/roster`],
    ] as const) {
      const { nextCursor } = (await a.send('GET', `${url}?limit=1`, headersOf.get(a)!)).json<{ nextCursor: string }>();
      const next = `?limit=1&cursor=${encodeURIComponent(nextCursor)}`;
      // control: at home it continues
      expect((await a.send('GET', url + next, headersOf.get(a)!)).statusCode).toBe(200);
      expect(codeOf(await b.send('GET', there + next, headersOf.get(b)!))).toBe('422 invalid_cursor');
    }
  });

  test('is published with its co-op', async () => {
    const { id } = await anEnrollment(b);
    const events = await both.harness.rows(
      `select coop_id as "coopId", headers ->> 'ce_coopid' as header from outbox where key = $1`,
      id,
    );
    expect(events).toEqual([{ coopId: b.coop.coopId, header: b.coop.coopId }]);
  });
});

test('every table has a co-op, and every key of it contains the co-op', async () => {
  const tables = `select oid, relname from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not in ('coops', 'schema_migrations')`;
  const has = `select from pg_attribute a where a.attname = 'coop_id' and a.attrelid = t.oid`;
  const without = await both.harness.rows(
    `with tables as (${tables})
      select t.relname as name from tables t where not exists (${has} and a.attnotnull)
      union all
      select i.indexrelid::regclass::text from tables t join pg_index i on i.indrelid = t.oid
      where (i.indisunique or i.indisexclusion) and not exists (${has} and a.attnum = any(i.indkey))`,
  );
  expect(without).toEqual([]);
});

describe('the payment provider knows one address for all co-ops', () => {
  const webhook = (id: string, reference: string, host?: string) => {
    const body = JSON.stringify({ id, type: 'charge.succeeded', data: { id: `ch_${reference}`, reference } });
    const t = Math.floor(Date.now() / 1_000);
    const v1 = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest('hex');
    const signed = { 'content-type': 'application/json', 'payment-signature': `t=${t},v1=${v1}` };
    return both.harness.app.inject({
      method: 'POST',
      url: '/api/payments/webhook',
      headers: host === undefined ? signed : { ...signed, host },
      payload: body,
    });
  };
  const statusOf = async (side: Side, id: string) =>
    (await side.send('GET', `/api/enrollments/${id}`, await side.coordinator())).json().status;

  test('a webhook settles the charge of its enrollment, whichever host it comes to', async () => {
    const [first, second, other] = [await anEnrollment(a), await anEnrollment(b), await anEnrollment(b)];
    // the same id: the inbox is of a co-op
    expect((await webhook('evt_1', first.id, b.coop.hosts[0])).statusCode).toBe(204);
    expect((await webhook('evt_1', second.id, 'pay.example')).statusCode).toBe(204);
    expect(await statusOf(a, first.id)).toBe('enrolled');
    expect(await statusOf(b, second.id)).toBe('enrolled');
    expect(await statusOf(b, other.id)).toBe('payment_pending');
    const inbox = await both.harness.rows(
      `select coop_id as id from inbox where consumer = 'payment-webhook' order by coop_id`,
    );
    expect(inbox).toEqual([{ id: a.coop.coopId }, { id: b.coop.coopId }]);
  });

  test('a webhook of no charge changes nothing', async () => {
    const before = [await contentOf(both, a), await contentOf(both, b)];
    expect((await webhook('evt_2', uuidv7())).statusCode).toBe(204);
    expect([await contentOf(both, a), await contentOf(both, b)]).toEqual(before);
  });
});

describe('a worker works for every co-op', () => {
  const until = async (what: string, done: () => Promise<boolean>, work: (signal: AbortSignal) => Promise<void>) => {
    const stopping = new AbortController();
    const working = work(stopping.signal);
    await waitFor(what, done);
    stopping.abort();
    await working;
  };
  const states = async (...ids: string[]) =>
    (
      await both.harness.rows<{ state: string; coop: string }>(
        'select state, coop_id as coop from charges where enrollment_id = any($1) order by coop_id',
        ids,
      )
    ).map(({ state, coop }) => `${coop === a.coop.coopId ? 'a' : 'b'} ${state}`);

  test('charges are collected, and their delays are reported', async () => {
    const made = [await anEnrollment(a), await anEnrollment(b)];
    const ids = made.map(({ id }) => id);
    const { database } = both.harness;
    await notifyDelays({ db: database }, { noticeMs: 0, isDown: true, limit: 100 });
    const delayed = await both.harness.rows(
      `select coop_id from enrollment_events where type = 'payment-delayed' and enrollment_id = any($1) order by 1`,
      ids,
    );
    expect(delayed).toEqual([a, b].map(({ coop }) => ({ coop_id: coop.coopId })));

    const provider = new TestProvider();
    const options = { url: await provider.listen(), timeoutMs: 2_000, concurrent: 4, openMs: 100 };
    const collecting = { concurrent: 4, leaseMs: 10_000, pollMs: 5, onEvent: () => undefined };
    try {
      await until(
        'the charges of both',
        async () => (await states(...ids)).every((state) => state.endsWith('charged')),
        (signal) =>
          collectCharges({ db: database, provider: openPaymentProvider(options), terms, ...collecting }, signal),
      );
      expect(await states(...ids)).toEqual(['a charged', 'b charged']);
    } finally {
      await provider.close();
    }
  });

  test('enrollments of canceled classes end', async () => {
    const made = new Map([
      [a, await anEnrollment(a)],
      [b, await anEnrollment(b)],
    ]);
    for (const [side, { classId }] of made) {
      const canceled = await side.send('POST', `/api/classes/${classId}/cancel`, await side.coordinator(), {
        reason: 'Too few children',
      });
      expect(canceled.statusCode).toBe(200);
    }
    const db = both.harness.database;
    await until(
      'the jobs of both',
      async () => (await both.harness.rows('select from class_jobs')).length === 0,
      (signal) => carryOutJobs({ db, terms, pollMs: 5, onEvent: () => undefined }, signal),
    );
    for (const [side, { id }] of made) {
      const read = await side.send('GET', `/api/enrollments/${id}`, await side.coordinator());
      expect(read.json()).toMatchObject({ status: 'cancelled', reason: 'by_coordinator' });
    }
  });

  test('offers expire', async () => {
    const offered: string[] = [];
    for (const side of [a, b]) {
      const { id, classId } = await anEnrollment(side);
      const waiting = await side.child('Leo');
      const place = (await enroll(side, waiting, classId)).json<{ id: string }>();
      await enroll(side, waiting, (await openClass(side)).id);
      await side.send('DELETE', `/api/enrollments/${id}`, await side.coordinator());
      offered.push(place.id);
    }
    await both.harness.rows(
      'update enrollments set offer_expires_at = now() where enrollment_id = any($1) and status = $2',
      offered,
      'offered',
    );
    expect(await expireOffers({ db: both.harness.database, terms }, { limit: 100 })).toBe(2);
    const ended = await both.harness.rows(
      'select coop_id, cancel_reason as reason from enrollments where enrollment_id = any($1) order by 1',
      offered,
    );
    expect(ended).toEqual([a, b].map(({ coop }) => ({ coop_id: coop.coopId, reason: 'offer_expired' })));
  });
});

test('with the second co-op, what serves version 0.2 is dropped', async () => {
  const kept = `select conname from pg_constraint where conname like '%\\_before\\_coops'`;
  expect(await both.harness.rows(kept)).toEqual([]);
  // control: it is there before
  const alone = await createTestDatabase('enrollment', { replica: false });
  try {
    await withClient(alone.url, async (client) => expect((await client.query(kept)).rows).not.toEqual([]));
  } finally {
    await alone.drop();
  }
});
