import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeEvent, type DomainEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import { copyFamily } from '../../src/families/copy-family.ts';
import { aFamily, startHarness, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const outboxOf = async (id: string): Promise<DomainEvent[]> => {
  const rows = await harness.rows<{ headers: Record<string, string>; payload: Buffer }>(
    'select headers, payload from outbox where key = $1 order by sequence',
    id,
  );
  return rows.map(({ headers, payload }) => decodeEvent({ headers, value: payload })!);
};

describe('POST /api/enrollments', () => {
  test('takes a seat and holds it until it is paid', async () => {
    const [child] = await harness.children(1);
    const { id: classId, title } = await harness.openClass();
    const response = await harness.enroll(child!, classId);
    expect(response.statusCode).toBe(201);
    const body = response.json();
    expect(body).toEqual({
      id: expect.any(String),
      version: 1,
      status: 'payment_pending',
      class: { id: classId, title },
      child: { id: child!.id, name: child!.name },
      amountCents: 14_500,
      currency: 'USD',
    });
    expect(response.headers.location).toBe(`/api/enrollments/${body.id}`);

    const [event] = await outboxOf(body.id);
    expect(event).toMatchObject({
      type: 'homeroom.enrollment.seat-held.v1',
      subject: body.id,
      data: {
        enrollmentId: body.id,
        version: 1,
        amountCents: 14_500,
        class: { classId },
        child: { name: child!.name },
      },
    });
    const [charge] = await harness.rows(
      'select state, amount_cents, attempts from charges where enrollment_id = $1',
      body.id,
    );
    expect(charge).toEqual({ state: 'due', amount_cents: 14_500, attempts: 0 });
    expect(await harness.rows('select type, version from enrollment_events where enrollment_id = $1', body.id)).toEqual(
      [{ type: 'seat-held', version: 1 }],
    );
  });

  test('confirms a free seat at once', async () => {
    const [child] = await harness.children(1);
    const { id: classId } = await harness.openClass({ priceCents: 0 });
    const body = (await harness.enroll(child!, classId)).json();
    expect(body).toMatchObject({ status: 'enrolled', amountCents: 0 });
    expect((await outboxOf(body.id)).map(({ type }) => type)).toEqual(['homeroom.enrollment.confirmed.v1']);
    expect(await harness.rows('select from charges where enrollment_id = $1', body.id)).toEqual([]);
  });

  test('gives waitlist places in order once all seats are taken', async () => {
    const children = await harness.children(3);
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const bodies = [];
    for (const child of children) bodies.push((await harness.enroll(child, classId)).json());
    expect(bodies.map(({ status, position, amountCents }) => [status, position, amountCents])).toEqual([
      ['payment_pending', undefined, 14_500],
      ['waitlisted', 1, 0],
      ['waitlisted', 2, 0],
    ]);
    const [event] = await outboxOf(bodies[2].id);
    expect(event).toMatchObject({ type: 'homeroom.enrollment.waitlisted.v1', data: { position: 2 } });
  });

  test('gives the waitlist priority over a new request, even while a seat is free', async () => {
    const [child] = await harness.children(1);
    const { id: classId } = await harness.openClass();
    await harness.rows('update class_seats set waitlisted = 1, last_number = 1 where class_id = $1', classId);
    expect((await harness.enroll(child!, classId)).json()).toMatchObject({ status: 'waitlisted', position: 2 });
  });

  test('answers a retry with the same key with the same enrollment', async () => {
    const [child] = await harness.children(1);
    const { id: classId } = await harness.openClass();
    const headers = { ...(await harness.guardian(child!.familyId)), 'idempotency-key': uuidv7() };
    const first = await harness.enroll(child!, classId, headers);
    const second = await harness.enroll(child!, classId, headers);
    expect([first.statusCode, second.statusCode]).toEqual([201, 201]);
    expect(second.json()).toEqual(first.json());

    const other = await harness.openClass({ weekday: 'friday' });
    const reused = await harness.enroll(child!, other.id, headers);
    expect([reused.statusCode, reused.json().code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('S2: a retry of a key that took a waitlist place gets the first answer', async () => {
    const [first, second] = await harness.children(2);
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const seat = (await harness.enroll(first!, classId)).json();
    const headers = { ...(await harness.guardian(second!.familyId)), 'idempotency-key': uuidv7() };
    const place = await harness.enroll(second!, classId, headers);
    expect(place.json()).toMatchObject({ status: 'waitlisted', position: 1, priceCents: 14_500, currency: 'USD' });
    await harness.cancel(seat.id, await harness.coordinator());
    const again = await harness.enroll(second!, classId, headers);
    expect([again.statusCode, again.body]).toEqual([201, place.body]);
  });

  test('a coordinator enrolls a child of any family', async () => {
    const [child] = await harness.children(1);
    const { id: classId } = await harness.openClass();
    const response = await harness.enroll(child!, classId, await harness.coordinator());
    expect(response.statusCode).toBe(201);
    expect(
      await harness.rows('select family_id from enrollments where enrollment_id = $1', response.json().id),
    ).toEqual([{ family_id: child!.familyId }]);
  });

  describe('refuses', () => {
    const codeOf = (response: { statusCode: number; json(): { code: string } }): unknown[] => [
      response.statusCode,
      response.json().code,
    ];

    test('without a session', async () => {
      const [child] = await harness.children(1);
      const { id } = await harness.openClass();
      expect(codeOf(await harness.enroll(child!, id, {}))).toEqual([401, 'unauthenticated']);
    });

    test('a class that does not exist', async () => {
      const [child] = await harness.children(1);
      expect(codeOf(await harness.enroll(child!, uuidv7()))).toEqual([404, 'class_not_found']);
    });

    test('the child of another family exactly like one that does not exist', async () => {
      const [mine, theirs] = await harness.children(2);
      const { id } = await harness.openClass();
      const headers = await harness.guardian(mine!.familyId);
      const foreign = await harness.enroll(theirs!, id, headers);
      const unknown = await harness.enroll({ ...theirs!, id: uuidv7() }, id, headers);
      expect(codeOf(foreign)).toEqual(codeOf(unknown));
      const old = '0190f2a0-0000-7000-8000-000000000001';
      expect(codeOf(await harness.enroll({ ...theirs!, id: old }, id, headers))).toEqual([404, 'child_not_found']);
      const named = await harness.app.inject({
        method: 'POST',
        url: '/api/enrollments',
        headers,
        payload: { classId: id, childId: theirs!.id, familyId: theirs!.familyId },
      });
      expect(codeOf(named)).toEqual([404, 'child_not_found']);
    });

    test('a family whose registration has not arrived, with Retry-After', async () => {
      const { id } = await harness.openClass();
      const family = aFamily();
      const child = { id: family.children[0]!.childId, name: '', familyId: family.familyId };
      const early = await harness.enroll(child, id);
      expect(codeOf(early)).toEqual([409, 'family_not_ready']);
      expect(early.headers['retry-after']).toBe('1');
      await copyFamily({ db: harness.db }, { eventId: uuidv7(), family });
      expect((await harness.enroll(child, id)).statusCode).toBe(201);
    });

    test('a child that already has a seat or a waitlist place in the class', async () => {
      const children = await harness.children(2);
      const { id } = await harness.openClass({ capacity: 1 });
      for (const child of children) {
        await harness.enroll(child, id);
        expect(codeOf(await harness.enroll(child, id))).toEqual([409, 'already_enrolled']);
      }
    });

    test('a class that is closed', async () => {
      const [child] = await harness.children(1);
      const { id } = await harness.openClass({ status: 'closed' });
      expect(codeOf(await harness.enroll(child!, id))).toEqual([409, 'class_closed']);
    });

    test.each([
      ['too young', { ageMin: 9, ageMax: 12 }],
      ['too old', { ageMin: 3, ageMax: 7 }],
    ])('a child that is %s on the first day', async (_, ages) => {
      const [child] = await harness.children(1);
      const { id } = await harness.openClass(ages);
      expect(codeOf(await harness.enroll(child!, id))).toEqual([422, 'age_out_of_range']);
    });

    test('a child that has another class at the time, until that one is canceled', async () => {
      const [child] = await harness.children(1);
      const first = await harness.openClass();
      const second = await harness.openClass({ startTime: '11:00', endTime: '12:00' });
      const { id } = (await harness.enroll(child!, first.id)).json();
      const conflict = await harness.enroll(child!, second.id);
      expect(codeOf(conflict)).toEqual([409, 'schedule_conflict']);
      expect(conflict.json().detail).toContain('already has a class on Tuesdays, 10:00–11:30.');
      const headers = await harness.guardian(child!.familyId);
      await harness.app.inject({ method: 'DELETE', url: `/api/enrollments/${id}`, headers });
      expect((await harness.enroll(child!, second.id)).statusCode).toBe(201);
    });
  });
});
