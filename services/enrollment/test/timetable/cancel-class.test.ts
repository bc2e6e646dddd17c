import { decodeEvent, type DomainEvent } from '@homeroom/contracts';
import { waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { carryOutJobs, type ClassJobEvent } from '../../src/class-jobs/carry-out-jobs.ts';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { collectCharges } from '../../src/payments/collect-charges.ts';
import { startHarness, type Child, type Harness } from '../harness.ts';

const terms = { offerMs: 3_600_000, graceMs: 3_600_000 };
const reason = 'Inês is ill this spring.';
let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
beforeEach(() => harness.rows('delete from outbox'));
afterAll(() => harness.close());

const cancel = (classId: string, payload: object = { reason }) =>
  harness.app.inject({ method: 'POST', url: `/api/classes/${classId}/cancel`, headers: coordinator, payload });
const read = async (url: string) => (await harness.app.inject({ url, headers: coordinator })).json();

/** Works as the worker does until no job is left. */
async function carryOut(): Promise<ClassJobEvent[]> {
  const events: ClassJobEvent[] = [];
  const stopping = new AbortController();
  const onEvent = (event: ClassJobEvent): void => void events.push(event);
  const working = carryOutJobs({ db: harness.database, terms, pollMs: 5, onEvent }, stopping.signal);
  await waitFor('all jobs to end', async () => (await harness.rows('select from class_jobs')).length === 0, {
    timeoutMs: 60_000,
  });
  stopping.abort();
  await working;
  return events;
}

async function published<T extends DomainEvent['type']>(type: T): Promise<DomainEvent<T>[]> {
  const rows = await harness.rows<{ headers: Record<string, string>; payload: Buffer }>(
    'select headers, payload from outbox order by sequence',
  );
  return rows.flatMap(({ headers, payload }) => {
    const event = decodeEvent({ headers, value: payload });
    return event?.type === type ? [event as DomainEvent<T>] : [];
  });
}

const enrolled = async (children: readonly Child[], classId: string): Promise<string[]> => {
  const ids: string[] = [];
  for (const child of children) ids.push((await harness.enroll(child, classId, coordinator)).json().id);
  return ids;
};

describe('a class that a coordinator cancels', () => {
  test('ends every enrollment with its refund and its reason, frees every seat, and promotes no one', async () => {
    const { id: classId } = await harness.openClass({ capacity: 3 });
    const children = await harness.children(5);
    const [paid = '', due = '', asked = '', ...waiting] = await enrolled(children, classId);
    await harness.rows(
      `update charges set state = 'charged', provider_charge_id = 'ch_1' where enrollment_id = $1`,
      paid,
    );
    await harness.rows('update charges set attempts = 1 where enrollment_id = $1', asked);
    expect((await cancel(classId)).statusCode).toBe(200);
    await carryOut();

    const all = await Promise.all(
      [paid, due, asked, ...waiting].map((id) => read(`/api/enrollments/${id}`) as Promise<Record<string, unknown>>),
    );
    expect(all.map(({ status, payment, refundCents }) => [status, payment, refundCents])).toEqual([
      ['cancelled', 'refund_due', 14_500],
      ['cancelled', 'void', 0],
      // the provider may have been asked: the worker finds out, and refunds what was charged
      ['cancelled', 'due', 0],
      ['cancelled', undefined, 0],
      ['cancelled', undefined, 0],
    ]);
    const ended = await published('homeroom.enrollment.cancelled.v1');
    expect(ended.map(({ data }) => [data.child.name, data.reason, data.classCanceled, data.refundCents])).toEqual(
      children.map(({ name }, index) => [name, 'by_coordinator', { reason }, index === 0 ? 14_500 : 0]),
    );
    expect(await published('homeroom.enrollment.promoted.v1')).toEqual([]);
    expect(await read(`/api/classes/${classId}`)).toMatchObject({ seatsLeft: 3, waitlisted: 0 });
    expect((await read(`/api/classes/${classId}/roster`)).items).toEqual([]);
    expect(await harness.rows(`select from children where slots <> '[]'`)).toEqual([]);
    const { differences } = await rebuildReadModels({ db: harness.database }, { write: false });
    expect(differences).toEqual({ enrollments: 0, classes: 0, children: 0 });
  });

  test('stays readable with the reason, also in the catalog, and is published once', async () => {
    const { id, title } = await harness.openClass();
    await cancel(id);
    const canceled = { at: expect.any(String), reason };
    expect(await read(`/api/classes/${id}`)).toMatchObject({ title, status: 'closed', version: 2, canceled });
    const [found] = (await read(`/api/classes?q=${encodeURIComponent(title)}`)).items;
    expect(found).toMatchObject({ id, canceled });
    const [event] = await published('homeroom.class.canceled.v1');
    expect(event).toMatchObject({ subject: id, data: { reason, class: { status: 'closed', version: 2 } } });
  });

  test('answers a second request like the first, whatever its reason, and does nothing', async () => {
    const { id } = await harness.openClass();
    await enrolled(await harness.children(2), id);
    const first = await cancel(id);
    await carryOut();
    const before = await harness.rows('select * from outbox order by sequence');
    const second = await cancel(id, { reason: 'Another one' });
    expect([second.statusCode, second.body, second.headers['etag']]).toEqual([200, first.body, first.headers['etag']]);
    expect(await carryOut()).toEqual([]);
    expect(await harness.rows('select * from outbox order by sequence')).toEqual(before);
  });

  test('is canceled once by requests that arrive together', async () => {
    const { id } = await harness.openClass();
    await enrolled(await harness.children(1), id);
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((one) => cancel(id, { reason: one })));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect(await harness.rows('select from class_jobs where class_id = $1', id)).toHaveLength(1);
    expect(await published('homeroom.class.canceled.v1')).toHaveLength(1);
    await carryOut();
  });

  test('takes no enrollment, no change, and no row of a timetable any more', async () => {
    const { id, ...details } = await harness.openClass();
    const [child] = await harness.children(1);
    await cancel(id);
    const refused = await harness.enroll(child!, id);
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'class_canceled']);
    expect(refused.json().detail).toContain(reason);
    const url = `/api/classes/${id}`;
    const patched = await harness.app.inject({
      method: 'PATCH',
      url,
      headers: coordinator,
      payload: { status: 'open' },
    });
    expect([patched.statusCode, patched.json().code]).toEqual([409, 'class_canceled']);
    const csv = [
      'title,subject,teacher,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
      `${details.title},art,${details.teacher},Workshop,tuesday,10:00,11:30,2027-01-12,2027-05-18,7,11,3,145.00`,
      `New ${details.title},art,Ada,Barn,tuesday,10:00,11:30,2027-01-12,2027-05-18,7,11,3,145.00`,
    ].join('\n');
    const report = await harness.importing(csv, coordinator);
    expect(report.json()).toMatchObject({ created: 1, rejected: [{ line: 2, field: 'title' }] });
  });

  test('is not charged for between the cancellation and its work', async () => {
    const { id } = await harness.openClass();
    const [enrollmentId = ''] = await enrolled(await harness.children(1), id);
    await cancel(id);
    const stopping = new AbortController();
    const asked: unknown[] = [];
    const charge = (claim: unknown): Promise<never> => {
      asked.push(claim);
      throw new Error('a charge for a canceled class');
    };
    const provider = { charge, find: charge, refund: charge, breaker: () => 'closed' as const };
    const options = { db: harness.database, provider, terms, concurrent: 1, leaseMs: 1_000, pollMs: 5 };
    const collecting = collectCharges({ ...options, onEvent: () => undefined }, stopping.signal);
    await waitFor(
      'the charge to be void',
      async () =>
        (await harness.rows(`select from charges where enrollment_id = $1 and state = 'void'`, enrollmentId)).length ===
        1,
    );
    stopping.abort();
    await collecting;
    expect(asked.filter((claim) => (claim as { enrollmentId: string }).enrollmentId === enrollmentId)).toEqual([]);
    await carryOut();
  });

  test('ends an offered seat, which cannot be accepted meanwhile', async () => {
    const [wanted, other] = [await harness.openClass({ capacity: 1 }), await harness.openClass()];
    const [first, second] = await harness.children(2);
    const ahead = (await harness.enroll(first!, wanted.id, coordinator)).json();
    const waiting = (await harness.enroll(second!, wanted.id, coordinator)).json();
    await harness.enroll(second!, other.id, coordinator);
    await harness.cancel(ahead.id, coordinator);
    expect(await read(`/api/enrollments/${waiting.id}`)).toMatchObject({ status: 'offered' });
    await cancel(wanted.id);
    const url = `/api/enrollments/${waiting.id}/accept`;
    const accepted = await harness.app.inject({ method: 'POST', url, headers: coordinator });
    expect([accepted.statusCode, accepted.json().code]).toEqual([409, 'class_canceled']);
    await carryOut();
    expect(await read(`/api/enrollments/${waiting.id}`)).toMatchObject({ status: 'cancelled' });
  });

  test('is worked off in bounded transactions, and by two workers as by one', async () => {
    const { id } = await harness.openClass({ capacity: 40, priceCents: 0 });
    await enrolled(await harness.children(60), id);
    await cancel(id);
    const pages = (await Promise.all([carryOut(), carryOut()])).flat();
    expect(pages.map((event) => event.type === 'page' && event.enrollments).sort()).toEqual([10, 25, 25]);
    const ended = await published('homeroom.enrollment.cancelled.v1');
    expect(new Set(ended.map(({ subject }) => subject)).size).toBe(60);
    expect(ended).toHaveLength(60);
  }, 60_000);

  test('refunds in full also when its last day passes before the work is done, and to a family that was faster', async () => {
    const { id: classId } = await harness.openClass();
    const [slow = '', fast = ''] = await enrolled(await harness.children(2), classId);
    const paid = `update charges set state = 'charged', provider_charge_id = 'ch_' || enrollment_id where enrollment_id = any($1)`;
    await harness.rows(paid, [slow, fast]);
    await cancel(classId);
    await harness.rows(
      `update classes set first_day = '2020-01-07', last_day = '2020-05-19' where class_id = $1`,
      classId,
    );
    expect((await harness.cancel(fast, coordinator)).json()).toMatchObject({ refundCents: 14_500 });
    await carryOut();
    expect(await read(`/api/enrollments/${slow}`)).toMatchObject({ payment: 'refund_due', refundCents: 14_500 });
    const ended = await published('homeroom.enrollment.cancelled.v1');
    expect(ended.map(({ subject, data }) => [subject, data.classCanceled])).toEqual([
      [fast, { reason }],
      [slow, { reason }],
    ]);
  });

  test('is not held up by the job of another class that fails', async () => {
    const [broken, sound] = [await harness.openClass(), await harness.openClass()];
    const children = await harness.children(2);
    await enrolled([children[0]!], broken.id);
    const [enrollmentId = ''] = await enrolled([children[1]!], sound.id);
    await harness.rows(
      `insert into class_jobs (class_id, kind, details, until_enrollment_id)
      select class_id, 'reschedule', '{}', enrollment_id from enrollments where class_id = $1`,
      broken.id,
    );
    await cancel(sound.id);
    const stopping = new AbortController();
    const events: ClassJobEvent[] = [];
    const onEvent = (event: ClassJobEvent): void => void events.push(event);
    const working = carryOutJobs({ db: harness.database, terms, pollMs: 5, onEvent }, stopping.signal);
    await waitFor(
      'the seat to be canceled',
      async () => (await read(`/api/enrollments/${enrollmentId}`)).status === 'cancelled',
    );
    stopping.abort();
    await working;
    expect(events.map(({ type }) => type)).toEqual(['failed', 'page']);
    expect(await harness.rows('select class_id as id from class_jobs')).toEqual([{ id: broken.id }]);
    await harness.rows('delete from class_jobs');
  });

  test('that has ended, does not exist, or has no reason is refused', async () => {
    const { id } = await harness.openClass({ firstDay: '2025-01-07', lastDay: '2025-05-20' });
    expect((await cancel(id)).json().code).toBe('class_ended');
    expect((await cancel('0199f2a0-0000-7000-8000-000000000000')).json().code).toBe('class_not_found');
    expect((await cancel(id, { reason: ' ' })).statusCode).toBe(422);
    expect((await cancel(id, {})).statusCode).toBe(422);
  });
});
