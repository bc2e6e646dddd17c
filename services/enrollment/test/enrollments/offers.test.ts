import { testWithSwitch } from '@homeroom/testing/switch';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { cancelEnrollment } from '../../src/enrollments/cancel-enrollment.ts';
import { expireOffers } from '../../src/enrollments/expire-offers.ts';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { termsOf } from '../../src/seats/terms.ts';
import { importClasses } from '../../src/timetable/import-classes.ts';
import { startHarness, without, type Child, type Harness } from '../harness.ts';

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
afterAll(() => harness.close());
// undoes what another test did to the deadline of an offer
beforeEach(() =>
  harness.rows(
    `update enrollments e set offer_expires_at = (h.data ->> 'expiresAt')::timestamptz from enrollment_events h
      where h.enrollment_id = e.enrollment_id and h.type = 'offered' and e.status = 'offered'`,
  ),
);

const read = async (id: string) =>
  (await harness.app.inject({ url: `/api/enrollments/${id}`, headers: coordinator })).json();
const accept = async (id: string, headers: Record<string, string>) =>
  harness.app.inject({ method: 'POST', url: `/api/enrollments/${id}/accept`, headers });
const typesOf = async (id: string) =>
  (
    await harness.rows<{ type: string }>(
      `select headers ->> 'ce_type' as type from outbox where key = $1 order by sequence`,
      id,
    )
  ).map(({ type }) => type.replace(/^homeroom\.enrollment\.(.*)\.v1$/, '$1'));
const counted = async (classId: string) =>
  (await harness.rows('select taken, waitlisted from class_seats where class_id = $1', classId))[0];
const consistent = async () =>
  expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual({
    enrollments: 0,
    classes: 0,
    children: 0,
  });

const cancel = (enrollmentId: string): Promise<unknown> => harness.cancel(enrollmentId, coordinator);
/** A child that is first on the waitlist when a seat is freed, and has Choir at that hour; another child is second. */
const anOffer = async ({ priceCents = 14_500, free = cancel } = {}) => {
  const { id: classId } = await harness.openClass({ capacity: 1, priceCents });
  const choir = await harness.openClass({ title: `Choir ${uuidv7()}`, startTime: '11:00', endTime: '12:00' });
  const [first, child, next] = (await harness.children(3)) as [Child, Child, Child];
  const ids: string[] = [];
  for (const one of [first, child, next]) ids.push((await harness.enroll(one, classId, coordinator)).json().id);
  const elsewhere = (await harness.enroll(child, choir.id, coordinator)).json().id as string;
  await free(ids[0]!);
  return {
    classId,
    choir,
    child,
    elsewhere,
    id: ids[1]!,
    nextId: ids[2]!,
    guardian: await harness.guardian(child.familyId),
    stranger: await harness.guardian(next.familyId),
  };
};
/** As if the offer had been made two days and a second earlier. */
const twoDaysPass = (id: string) =>
  harness.rows(
    `update enrollments set offer_expires_at = offer_expires_at - interval '48 hours 1 second' where enrollment_id = $1`,
    id,
  );

describe('D7: a promotion of a child that has another class at that hour', () => {
  test('is an offer: the seat counts, nothing is charged, no hour is busy, and the conflicting class is named', async () => {
    const { id, classId, choir, child } = await anOffer();
    const found = await read(id);
    expect(found).toMatchObject({ status: 'offered', amountCents: 14_500, currency: 'USD', version: 2 });
    expect(found.payment).toBeUndefined();
    const inTwoDays = Date.now() + terms.offerMs;
    expect(Math.abs(new Date(found.expiresAt).getTime() - inTwoDays)).toBeLessThan(60_000);
    expect(found.history[1]).toMatchObject({
      type: 'offered',
      reason: 'schedule_conflict',
      conflictsWith: { classId: choir.id, title: choir.title, startTime: '11:00' },
      expiresAt: found.expiresAt,
    });
    expect(await typesOf(id)).toEqual(['waitlisted', 'offered']);
    expect(await counted(classId)).toEqual({ taken: 1, waitlisted: 1 });
    expect(await harness.rows('select from charges where enrollment_id = $1', id)).toEqual([]);
    expect(
      await harness.rows('select jsonb_array_length(slots) as hours from children where child_id = $1', child.id),
    ).toEqual([{ hours: 1 }]);
    await consistent();
  });

  test('by an import that adds seats lasts as long as the terms say', async () => {
    const { id: classId, ...opened } = await harness.openClass({ capacity: 1 });
    const choir = await harness.openClass({ title: `Choir ${uuidv7()}`, startTime: '11:00', endTime: '12:00' });
    const [first, child] = (await harness.children(2)) as [Child, Child];
    await harness.enroll(first, classId, coordinator);
    const { id } = (await harness.enroll(child, classId, coordinator)).json();
    await harness.enroll(child, choir.id, coordinator);
    const row = {
      title: opened.title,
      teacher: opened.teacher,
      subject: opened.subject,
      room: opened.room,
      weekday: opened.weekday,
      start: opened.startTime,
      end: opened.endTime,
      first_day: opened.firstDay,
      last_day: opened.lastDay,
      age_min: opened.ageMin,
      age_max: opened.ageMax,
      capacity: 2,
      price: '145.00',
    };
    const bytes = Buffer.from(`${Object.keys(row).join()}\n${Object.values(row).join()}\n`);
    const offerMs = 3_600_000;
    const deps = { db: harness.db, timeZone: opened.timeZone, terms: { ...terms, offerMs } };
    expect(await importClasses(deps, { bytes, preview: false })).toMatchObject({ changed: [classId] });
    const found = await read(id);
    expect(found.status).toBe('offered');
    expect(Math.abs(new Date(found.expiresAt).getTime() - Date.now() - offerMs)).toBeLessThan(60_000);
  });

  test('cannot be accepted while the other class conflicts, and is charged once it does not', async () => {
    const { id, classId, choir, elsewhere, guardian } = await anOffer();
    const refused = await accept(id, guardian);
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'schedule_conflict']);
    expect(refused.json().detail).toContain(choir.title);

    await harness.cancel(elsewhere, guardian);
    const headers = { ...guardian, 'idempotency-key': uuidv7() };
    const accepted = await accept(id, headers);
    expect([accepted.statusCode, accepted.json()]).toEqual([
      200,
      expect.objectContaining({ id, status: 'payment_pending', version: 3, amountCents: 14_500, currency: 'USD' }),
    ]);
    expect((await accept(id, headers)).body).toBe(accepted.body);
    expect(await read(id)).toMatchObject({ status: 'payment_pending', payment: 'due' });
    expect(await typesOf(id)).toEqual(['waitlisted', 'offered', 'promoted']);
    expect(await counted(classId)).toEqual({ taken: 1, waitlisted: 1 });
    await consistent();
  });

  test('that costs nothing is confirmed by accepting, by a coordinator too, ten times at once', async () => {
    const { id, elsewhere } = await anOffer({ priceCents: 0 });
    await harness.cancel(elsewhere, coordinator);
    const answers = await Promise.all(Array.from({ length: 10 }, () => accept(id, coordinator)));
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
    expect(answers[0]!.json()).toMatchObject({ status: 'enrolled', version: 3 });
    expect(await typesOf(id)).toEqual(['waitlisted', 'offered', 'confirmed']);
    await consistent();
  });

  test('cannot be accepted by another family, with its key or without', async () => {
    const { id, elsewhere, guardian, stranger } = await anOffer();
    await harness.cancel(elsewhere, guardian);
    const key = { 'idempotency-key': uuidv7() };
    await accept(id, { ...guardian, ...key });
    const foreign = await accept(id, { ...stranger, ...key });
    const unknown = await accept(uuidv7(), { ...stranger, ...key });
    expect(foreign.statusCode).toBe(404);
    expect(without(foreign.json(), 'instance')).toEqual(without(unknown.json(), 'instance'));
  });

  test('only an offer can be accepted', async () => {
    const { nextId, stranger, id, guardian } = await anOffer();
    expect((await accept(nextId, stranger)).json().code).toBe('not_offered');
    await harness.cancel(id, guardian);
    expect((await accept(id, guardian)).json().code).toBe('not_offered');
    expect(await read(nextId)).toMatchObject({ status: 'payment_pending' });
    await consistent();
  });
});

describe('D7: an offer that is not accepted', () => {
  testWithSwitch(
    'ends, and the seat goes to the next',
    { name: 'ENROLL_OFFER_HOURS', on: 48, off: 876_000, failure: /\+ +200,\n\+ +undefined,/ },
    async (hours) => {
      const deps = { db: harness.db, terms: termsOf({ ENROLL_OFFER_HOURS: hours, PAYMENT_GRACE_HOURS: 48 }) };
      const free = (enrollmentId: string) => cancelEnrollment(deps, { enrollmentId, familyId: undefined });
      const { id, nextId, classId, guardian, elsewhere } = await anOffer({ free });
      await harness.cancel(elsewhere, guardian);
      await twoDaysPass(id);
      const late = await accept(id, guardian);
      expect([late.statusCode, late.json().code]).toEqual([409, 'offer_expired']);
      expect(await expireOffers({ ...deps, db: harness.database }, { limit: 100 })).toBe(1);
      expect(await read(id)).toMatchObject({ status: 'cancelled', reason: 'offer_expired', refundCents: 0 });
      expect(await typesOf(id)).toEqual(['waitlisted', 'offered', 'offer-expired']);
      expect(await read(nextId)).toMatchObject({ status: 'payment_pending' });
      expect(await counted(classId)).toEqual({ taken: 1, waitlisted: 0 });
      expect((await accept(id, guardian)).json().code).toBe('offer_expired');
      await consistent();
    },
  );

  test('ends once, however many workers and families act on it at that moment', async () => {
    const offers = await Promise.all(Array.from({ length: 6 }, () => anOffer()));
    for (const { id, elsewhere } of offers) {
      await harness.cancel(elsewhere, coordinator);
      await twoDaysPass(id);
    }
    const [ended] = await Promise.all([
      Promise.all(Array.from({ length: 4 }, () => expireOffers({ db: harness.database, terms }, { limit: 2 }))),
      ...offers.map(({ id }) => accept(id, coordinator)),
    ]);
    let more = ended.reduce((sum, count) => sum + count, 0);
    for (let count = 1; count > 0; more += count)
      count = await expireOffers({ db: harness.database, terms }, { limit: 2 });
    expect(more).toBe(6);
    for (const { id, nextId, classId } of offers) {
      expect(await typesOf(id)).toEqual(['waitlisted', 'offered', 'offer-expired']);
      expect(await read(nextId)).toMatchObject({ status: 'payment_pending' });
      expect(await counted(classId)).toEqual({ taken: 1, waitlisted: 0 });
    }
    await consistent();
  });

  test('control: before its time, and without a worker, it stays', async () => {
    const { id, nextId } = await anOffer();
    expect(await expireOffers({ db: harness.database, terms }, { limit: 100 })).toBe(0);
    expect(await read(id)).toMatchObject({ status: 'offered' });
    await twoDaysPass(id);
    expect(await read(nextId)).toMatchObject({ status: 'waitlisted' });
  });
});

describe('D6: the price at joining holds', () => {
  const promoted = async (change: object) => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const children = await harness.children(2);
    const ids: string[] = [];
    for (const child of children) ids.push((await harness.enroll(child, classId, coordinator)).json().id);
    const url = `/api/classes/${classId}`;
    const patched = await harness.app.inject({ method: 'PATCH', url, headers: coordinator, payload: change });
    expect(patched.statusCode).toBe(200);
    await harness.cancel(ids[0]!, coordinator);
    return read(ids[1]!);
  };

  test('when the price has risen', async () => {
    const found = await promoted({ priceCents: 99_000 });
    expect(found).toMatchObject({ status: 'payment_pending', amountCents: 14_500, currency: 'USD' });
    expect(found.history).toMatchObject([
      { type: 'waitlisted', priceCents: 14_500, currency: 'USD' },
      { type: 'promoted', amountCents: 14_500, currency: 'USD' },
    ]);
    expect(await harness.rows('select amount_cents from charges where enrollment_id = $1', found.id)).toEqual([
      { amount_cents: 14_500 },
    ]);
  });

  test('and a lower one holds at promotion', async () => {
    expect(await promoted({ priceCents: 9_000 })).toMatchObject({ amountCents: 9_000 });
    expect(await promoted({ priceCents: 0 })).toMatchObject({ status: 'enrolled', amountCents: 0 });
  });

  test('the currency of a class that has enrollments or charges cannot change', async () => {
    const { id: classId } = await harness.openClass();
    const patch = async (currency: string) => {
      const url = `/api/classes/${classId}`;
      return harness.app.inject({ method: 'PATCH', url, headers: coordinator, payload: { currency } });
    };
    expect((await patch('EUR')).statusCode).toBe(200);
    const [child] = await harness.children(1);
    const { id } = (await harness.enroll(child!, classId, coordinator)).json();
    await harness.cancel(id, coordinator);
    const refused = await patch('USD');
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'currency_in_use']);
    expect(refused.json().detail).toContain('EUR');
    expect(await read(id)).toMatchObject({ currency: 'EUR' });
  });
});
