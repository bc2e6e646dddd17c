import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { termsOf } from '../../src/seats/terms.ts';
import { collectCharges, type CollectorEvent } from '../../src/payments/collect-charges.ts';
import { notifyDelays } from '../../src/payments/notify-delays.ts';
import { openPaymentProvider } from '../../src/payments/provider.ts';
import { watchDeadlines, type DeadlineEvent } from '../../src/payments/watch-deadlines.ts';
import { startHarness, type Harness } from '../harness.ts';
import { TestProvider } from './test-provider.ts';

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let harness: Harness;
let provider: TestProvider;
let url: string;
let stop: () => Promise<void>;
let events: CollectorEvent[];

beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());
beforeEach(async () => {
  provider = new TestProvider();
  url = await provider.listen();
  events = [];
  stop = () => Promise.resolve();
  await harness.rows(`delete from charges`);
});
afterEach(async () => {
  provider.release();
  await stop();
  await provider.close();
});

/** A worker's loop, fast enough for tests. */
const collect = (change: { leaseMs?: number; timeoutMs?: number; openMs?: number; graceMs?: number } = {}): void => {
  const stopping = new AbortController();
  const running = collectCharges(
    {
      db: harness.database,
      provider: openPaymentProvider({
        url,
        timeoutMs: change.timeoutMs ?? 300,
        concurrent: 8,
        openMs: change.openMs ?? 100,
      }),
      terms: { ...terms, graceMs: change.graceMs ?? 0 },
      concurrent: 8,
      leaseMs: change.leaseMs ?? 600,
      pollMs: 20,
      backoff: { baseMs: 10, maxMs: 100 },
      onEvent: (event) => events.push(event),
    },
    stopping.signal,
  );
  const before = stop;
  stop = async () => {
    stopping.abort();
    await Promise.all([before(), running]);
  };
};

const seats = async (count: number, capacity = count) => {
  const { id: classId } = await harness.openClass({ capacity });
  const headers = await harness.coordinator();
  const children = await harness.children(count);
  const made: string[] = [];
  for (const child of children) made.push((await harness.enroll(child, classId, headers)).json().id);
  return { classId, headers, ids: made };
};

const states = async () =>
  Object.fromEntries(
    (
      await harness.rows<{ key: string; count: number }>(
        `select c.state || ' ' || e.status as key, count(*)::int as count from charges c join enrollments e using (enrollment_id) group by 1`,
      )
    ).map(({ key, count }) => [key, count]),
  );
const reach = (wanted: Record<string, number>, timeoutMs = 20_000) =>
  waitFor(
    `charges to be ${JSON.stringify(wanted)}`,
    async () => {
      const now = await states();
      expect(now).toEqual(wanted);
      return now;
    },
    { timeoutMs },
  );

/** Captured = confirmed + refunded: no charge without a seat, and no seat without its charge. */
const moneyAgrees = async () => {
  const [{ cents }] = (await harness.rows<{ cents: number }>(
    `select coalesce(sum(c.amount_cents), 0)::int as cents from charges c join enrollments e using (enrollment_id) where e.status = 'enrolled'`,
  )) as [{ cents: number }];
  expect(provider.capturedCents()).toBe(cents + provider.refundedCents());
  const references = provider.charged().map(({ reference }) => reference);
  expect(new Set(references).size).toBe(references.length);
};

describe('the charge collector', () => {
  test('charges every seat once, eight at a time, and confirms it', async () => {
    const { ids } = await seats(60);
    collect({ timeoutMs: 5_000, leaseMs: 30_000 });
    await reach({ 'charged enrolled': 60 });
    expect(provider.requests).toEqual(Array<string>(60).fill('POST /v1/charges'));
    expect(provider.mostAtOnce).toBeLessThanOrEqual(8);
    const confirmed = await harness.rows(
      `select from outbox where headers ->> 'ce_type' = 'homeroom.enrollment.confirmed.v1' and key = any($1)`,
      ids,
    );
    expect(confirmed).toHaveLength(60);
    await moneyAgrees();
  });

  test('two workers never charge the same seat', async () => {
    await seats(40);
    collect({ timeoutMs: 5_000, leaseMs: 30_000 });
    collect({ timeoutMs: 5_000, leaseMs: 30_000 });
    await reach({ 'charged enrolled': 40 });
    expect(provider.requests).toHaveLength(40);
    await moneyAgrees();
  });

  test('holds the seat while the provider is down, opens the breaker, and collects when it is back', async () => {
    provider.fault = () => 'down';
    await seats(30);
    collect();
    await waitFor(
      'the breaker to have stopped the asking',
      () => events.filter(({ type }) => type === 'postponed').length >= 20,
    );
    expect(await states()).toEqual({ 'due payment_pending': 30 });
    const asked = provider.requests.length;
    expect(asked).toBeLessThan(events.length);
    provider.fault = () => 'none';
    await reach({ 'charged enrolled': 30 });
    await moneyAgrees();
  });

  testWithSwitch(
    'does not ask a provider that is down, once the breaker is open',
    { name: 'openMs', on: 60_000, off: 1, failure: /Expected: <= 12\n/ },
    async (openMs) => {
      provider.fault = () => 'down';
      await seats(12);
      collect({ openMs, timeoutMs: 5_000, leaseMs: 30_000 });
      await waitFor('many tries', () => events.filter(({ type }) => type === 'postponed').length >= 25);
      // four failures, and at most eight calls under way at the fifth, which opens the breaker
      expect(provider.requests.length).toBeLessThanOrEqual(12);
    },
  );

  test('looks up a charge whose answer was lost, and never charges again', async () => {
    provider.fault = (what, count) => (what === 'POST /v1/charges' && count <= 8 ? 'silent-after' : 'none');
    await seats(8);
    collect();
    await reach({ 'charged enrolled': 8 });
    expect(provider.requests.filter((what) => what === 'GET /v1/charges').length).toBeGreaterThanOrEqual(8);
    expect(provider.requests.filter((what) => what === 'POST /v1/charges')).toHaveLength(8);
    await moneyAgrees();
  });

  test('takes over the claims of a worker that died, and looks them up first', async () => {
    const { ids } = await seats(1);
    await harness.rows(
      `update charges set attempts = 1, asked_at = now(), next_attempt_at = now() + interval '300 ms' where enrollment_id = $1`,
      ids[0],
    );
    collect();
    await reach({ 'charged enrolled': 1 });
    expect(provider.requests).toEqual(['GET /v1/charges', 'POST /v1/charges']);
  });

  test('continues after failures, one by one', async () => {
    provider.fault = (_, count) => (count % 3 === 0 ? 'failing' : 'none');
    await seats(20);
    collect();
    await reach({ 'charged enrolled': 20 });
    await moneyAgrees();
  });

  test('control for D8: without a grace period a declined charge loses its seat at once', async () => {
    const { ids, classId } = await seats(3, 1);
    provider.fault = (what, count) => (what === 'POST /v1/charges' && count === 1 ? 'decline' : 'none');
    collect();
    await reach({ 'declined cancelled': 1, 'charged enrolled': 1 });
    const rows = await harness.rows(
      'select status, cancel_reason from enrollments where class_id = $1 order by enrollment_id',
      classId,
    );
    expect(rows).toEqual([
      { status: 'cancelled', cancel_reason: 'payment_declined' },
      { status: 'enrolled', cancel_reason: null },
      { status: 'waitlisted', cancel_reason: null },
    ]);
    expect(ids).toHaveLength(3);
    await moneyAgrees();
  });

  test('refunds a paid seat that is canceled, once', async () => {
    const { ids, headers } = await seats(5);
    collect();
    await reach({ 'charged enrolled': 5 });
    provider.fault = (_, count) => (count === 6 ? 'silent-after' : 'none');
    for (const id of ids) await harness.cancel(id, headers);
    await reach({ 'refunded cancelled': 5 });
    expect(provider.refunds.size).toBe(5);
    expect(provider.refundedCents()).toBe(provider.capturedCents());
  });
});

const eventsOf = async (id: string) =>
  (
    await harness.rows<{ type: string }>(
      `select headers ->> 'ce_type' as type from outbox where key = $1 order by sequence`,
      id,
    )
  ).map(({ type }) => type.replace(/^homeroom\.enrollment\.(.*)\.v1$/, '$1'));
const declined = (declines: number) =>
  waitFor(`decline ${declines}`, async () => {
    const [row] = await harness.rows<{ declines: number }>('select declines from charges');
    return row?.declines === declines;
  });
const tryNow = () => harness.rows('update charges set next_attempt_at = now()');

describe('D8: a declined charge', () => {
  testWithSwitch(
    'holds the seat, is tried again under a new key, and confirms when it succeeds; the family is notified once',
    { name: 'graceMs', on: 3_600_000, off: 0, failure: /\+ +"status": "cancelled"/ },
    async (graceMs) => {
      provider.fault = (what, count) => (what === 'POST /v1/charges' && count <= 2 ? 'decline' : 'none');
      const { ids, headers } = await seats(2, 1);
      const [id = ''] = ids;
      collect({ graceMs });
      await waitFor('the first decline', () => events.some(({ type }) => type === 'settled'));
      const url = `/api/enrollments/${id}`;
      const held = (await harness.app.inject({ url, headers })).json();
      expect(held).toMatchObject({ status: 'payment_pending', payment: 'due', payBy: expect.any(String) });
      expect(held.history.at(-1)).toMatchObject({ type: 'payment-failed', amountCents: 14_500, payBy: held.payBy });
      await declined(1);
      await tryNow();
      await declined(2);
      await tryNow();
      await reach({ 'charged enrolled': 1 });
      expect([...provider.charges.keys()]).toEqual([`charge:${id}`, `charge:${id}:1`, `charge:${id}:2`]);
      expect(await eventsOf(id)).toEqual(['seat-held', 'payment-failed', 'confirmed']);
      await moneyAgrees();
    },
  );

  test('gives the seat to the next on the waitlist when it is declined after the grace period', async () => {
    provider.fault = (what, count) => (what === 'POST /v1/charges' && count <= 2 ? 'decline' : 'none');
    const { ids } = await seats(2, 1);
    collect({ graceMs: 3_600_000 });
    await declined(1);
    await harness.rows('update charges set pay_by = now(), next_attempt_at = now()');
    await reach({ 'declined cancelled': 1, 'charged enrolled': 1 });
    expect(await eventsOf(ids[0]!)).toEqual(['seat-held', 'payment-failed', 'cancelled']);
    await moneyAgrees();
  });

  test('whose answers are lost is looked up by its own key, and never charged twice', async () => {
    provider.fault = (what, count) => {
      if (what !== 'POST /v1/charges') return 'none';
      return count === 1 ? 'decline' : 'silent-after';
    };
    await seats(1);
    collect({ graceMs: 3_600_000 });
    await declined(1);
    await tryNow();
    await reach({ 'charged enrolled': 1 });
    expect(provider.requests).toEqual(['POST /v1/charges', 'POST /v1/charges', 'GET /v1/charges']);
    await moneyAgrees();
  });

  test('of a seat that is canceled in its grace period is void', async () => {
    provider.fault = () => 'decline';
    const { ids, headers } = await seats(1);
    collect({ graceMs: 3_600_000 });
    await declined(1);
    await harness.cancel(ids[0]!, headers);
    await reach({ 'void cancelled': 1 });
  });
});

describe('D4: a charge that is still due after the last day of its class', () => {
  const end = () => harness.rows(`update classes set first_day = '2020-01-07', last_day = '2020-05-19'`);

  test('is void, and the provider is never called', async () => {
    await seats(2);
    await end();
    collect({ leaseMs: 30_000 });
    await reach({ 'void payment_pending': 2 });
    expect(provider.requests).toEqual([]);
  });

  test('is settled by the provider’s answer when it was requested before', async () => {
    provider.fault = (what) => (what === 'POST /v1/charges' ? 'silent-after' : 'none');
    await seats(1);
    collect();
    await waitFor('the charge to be made', () => provider.charges.size === 1);
    await end();
    await reach({ 'charged enrolled': 1 });
  });
});

describe('D8: while the provider is down', () => {
  const watch = (noticeMs: number, isDown = true) =>
    notifyDelays({ db: harness.database }, { noticeMs, isDown, limit: 100 });

  test('the family is notified once that its payment takes longer, and is confirmed in the end', async () => {
    provider.fault = () => 'down';
    const { ids } = await seats(3);
    collect();
    await waitFor('a try', () => events.some(({ type }) => type === 'postponed'));
    expect(await watch(60_000)).toBe(0);
    const counts = await Promise.all(Array.from({ length: 5 }, () => watch(0)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(await watch(0)).toBe(0);
    provider.fault = () => 'none';
    await reach({ 'charged enrolled': 3 });
    for (const id of ids) expect(await eventsOf(id)).toEqual(['seat-held', 'payment-delayed', 'confirmed']);
  });

  test('control: a charge that was not tried yet is not delayed while the provider answers', async () => {
    await seats(1);
    expect(await watch(0, false)).toBe(0);
    expect(await watch(0, true)).toBe(1);
  });

  test('the worker’s loop does this and expires offers, until it is stopped', async () => {
    const { ids } = await seats(1);
    const stopping = new AbortController();
    const seen: DeadlineEvent[] = [];
    const running = watchDeadlines(
      {
        db: harness.database,
        provider: { breaker: () => 'open' },
        terms,
        noticeMs: 1,
        pollMs: 10,
        onEvent: (event) => seen.push(event),
      },
      stopping.signal,
    );
    await waitFor('the event', async () => (await eventsOf(ids[0]!)).includes('payment-delayed'));
    await waitFor('the count', () => seen.length > 0);
    expect(seen).toEqual([{ type: 'delayed', count: 1 }]);
    stopping.abort();
    await running;
  });
});

describe('a seat canceled while its charge is under way', () => {
  test('is charged and refunded when the charge succeeds', async () => {
    provider.fault = (what) => (what === 'POST /v1/charges' ? 'held' : 'none');
    const { ids, headers } = await seats(1);
    collect({ timeoutMs: 5_000, leaseMs: 30_000 });
    await waitFor('the charge to be under way', () => provider.held === 1);
    expect((await harness.cancel(ids[0]!, headers)).json()).toMatchObject({ status: 'cancelled', refundCents: 0 });
    provider.release();
    await reach({ 'refunded cancelled': 1 });
    expect([provider.capturedCents(), provider.refundedCents()]).toEqual([14_500, 14_500]);
  });

  test('is charged and refunded when the answer is lost', async () => {
    provider.fault = (what) => (what === 'POST /v1/charges' ? 'silent-after' : 'none');
    const { ids, headers } = await seats(1);
    collect();
    await waitFor('the charge to be made', () => provider.charges.size === 1);
    await harness.cancel(ids[0]!, headers);
    await reach({ 'refunded cancelled': 1 });
    await moneyAgrees();
  });

  test('is void when the provider never got the charge, once it can no longer arrive', async () => {
    provider.fault = (what) => (what === 'POST /v1/charges' ? 'down' : 'none');
    const { ids, headers } = await seats(1);
    collect({ leaseMs: 1_000 });
    await waitFor('the charge to fail', () => provider.requests.length > 0);
    await harness.cancel(ids[0]!, headers);
    const cancelledAt = performance.now();
    await reach({ 'void cancelled': 1 });
    expect(performance.now() - cancelledAt).toBeGreaterThan(300);
    expect(provider.capturedCents()).toBe(0);
  });

  test('is refunded when the charge arrives after the time limit', async () => {
    provider.fault = (what) => (what === 'POST /v1/charges' ? 'held' : 'none');
    const { ids, headers } = await seats(1);
    collect({ timeoutMs: 200, leaseMs: 2_000 });
    await waitFor('the answer to be overdue', () => events.some(({ type }) => type === 'postponed'));
    await harness.cancel(ids[0]!, headers);
    provider.release();
    await reach({ 'refunded cancelled': 1 });
    await moneyAgrees();
  });

  test('in any order and any combination, charges and seats agree', async () => {
    let count = 0;
    provider.fault = (what) => {
      if (what !== 'POST /v1/charges') return 'none';
      return (['none', 'silent-after', 'decline', 'failing', 'down'] as const)[count++ % 5]!;
    };
    const { ids, headers } = await seats(50, 25);
    collect();
    await Promise.all(
      ids.map(async (id, index) => {
        if (index % 2 === 0) await waitFor('some charges', () => provider.requests.length > index);
        if (index % 3 !== 0) await harness.cancel(id, headers);
      }),
    );
    await waitFor(
      'everything to be settled',
      async () => Object.keys(await states()).every((key) => !/^(due|refund_due|charged cancelled)/.test(key)),
      { timeoutMs: 25_000 },
    );
    await moneyAgrees();
    const [oversold] = await harness.rows('select from class_seats where taken > capacity');
    expect(oversold).toBeUndefined();
  });
});
