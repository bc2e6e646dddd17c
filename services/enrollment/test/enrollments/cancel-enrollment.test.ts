import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, without, type Child, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

/** Children enrolled one after the other, with their enrollments. */
const enrolled = async (count: number, classId: string) => {
  const children = await harness.children(count);
  const made: { child: Child; id: string; headers: Record<string, string> }[] = [];
  for (const child of children) {
    const headers = await harness.guardian(child.familyId);
    made.push({ child, headers, id: (await harness.enroll(child, classId, headers)).json().id });
  }
  return made;
};

const read = async (id: string) =>
  (await harness.app.inject({ url: `/api/enrollments/${id}`, headers: await harness.coordinator() })).json();

const typesOf = async (id: string) =>
  (
    await harness.rows<{ type: string }>(
      `select headers ->> 'ce_type' as type from outbox where key = $1 order by sequence`,
      id,
    )
  ).map(({ type }) => type.replace(/^homeroom\.enrollment\.(.*)\.v1$/, '$1'));

describe('DELETE /api/enrollments/:id', () => {
  test('gives the seat to the first on the waitlist', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const [first, second, third] = await enrolled(3, classId);
    const response = await harness.cancel(first!.id, first!.headers);
    expect([response.statusCode, response.json()]).toEqual([
      200,
      { id: first!.id, status: 'cancelled', refundCents: 0, currency: 'USD' },
    ]);
    expect(await read(second!.id)).toMatchObject({ status: 'payment_pending', payment: 'due', amountCents: 14_500 });
    expect(await read(third!.id)).toMatchObject({ status: 'waitlisted', position: 1 });
    expect(await typesOf(second!.id)).toEqual(['waitlisted', 'promoted']);
    expect(await typesOf(first!.id)).toEqual(['seat-held', 'cancelled']);
    const [counters] = await harness.rows('select taken, waitlisted from class_seats where class_id = $1', classId);
    expect(counters).toEqual({ taken: 1, waitlisted: 1 });
  });

  test('D7: a promotion in a free class is confirmed, with one event', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1, priceCents: 0 });
    const [first, second] = await enrolled(2, classId);
    await harness.cancel(first!.id, first!.headers);
    expect(await read(second!.id)).toMatchObject({
      status: 'enrolled',
      version: 2,
      history: [
        { type: 'waitlisted', position: 1 },
        { type: 'confirmed', amountCents: 0, currency: 'USD' },
      ],
    });
    expect(await typesOf(second!.id)).toEqual(['waitlisted', 'confirmed']);
  });

  test('of a waitlist place moves up the children behind it', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const [, second, third, fourth] = await enrolled(4, classId);
    await harness.cancel(third!.id, third!.headers);
    expect(await read(second!.id)).toMatchObject({ position: 1 });
    expect(await read(fourth!.id)).toMatchObject({ position: 2 });
    const [late] = await enrolled(1, classId);
    expect(await read(late!.id)).toMatchObject({ position: 3 });
  });

  test('twice gives the first answer and changes nothing more', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const [first] = await enrolled(2, classId);
    const answers = [];
    for (let i = 0; i < 2; i++) answers.push((await harness.cancel(first!.id, first!.headers)).body);
    expect(answers[1]).toBe(answers[0]);
    expect(await typesOf(first!.id)).toEqual(['seat-held', 'cancelled']);
  });

  test('ten times at once cancels once', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const [first] = await enrolled(3, classId);
    const answers = await Promise.all(Array.from({ length: 10 }, () => harness.cancel(first!.id, first!.headers)));
    expect(new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`)).size).toBe(1);
    const [counters] = await harness.rows('select taken, waitlisted from class_seats where class_id = $1', classId);
    expect(counters).toEqual({ taken: 1, waitlisted: 1 });
  });

  test('before the charge was requested makes it void', async () => {
    const { id: classId } = await harness.openClass();
    const [first] = await enrolled(1, classId);
    await harness.cancel(first!.id, first!.headers);
    expect(await read(first!.id)).toMatchObject({
      status: 'cancelled',
      payment: 'void',
      reason: 'by_family',
      refundCents: 0,
    });
  });

  test('of a paid seat makes the charge due for a refund', async () => {
    const { id: classId } = await harness.openClass();
    const [first] = await enrolled(1, classId);
    await harness.rows(
      `update charges set state = 'charged', provider_charge_id = 'ch_1' where enrollment_id = $1`,
      first!.id,
    );
    const response = await harness.cancel(first!.id, await harness.coordinator());
    expect(response.json().refundCents).toBe(14_500);
    expect(await read(first!.id)).toMatchObject({
      payment: 'refund_due',
      reason: 'by_coordinator',
      refundCents: 14_500,
    });
  });

  test('of another family’s enrollment answers as if it did not exist', async () => {
    const { id: classId } = await harness.openClass();
    const [mine, theirs] = await enrolled(2, classId);
    const foreign = await harness.cancel(theirs!.id, mine!.headers);
    const unknown = await harness.cancel(uuidv7(), mine!.headers);
    expect(foreign.statusCode).toBe(404);
    expect(without(foreign.json(), 'instance')).toEqual(without(unknown.json(), 'instance'));
    expect(await read(theirs!.id)).toMatchObject({ status: 'payment_pending' });
  });
});

describe('GET /api/enrollments', () => {
  const list = async (headers: Record<string, string>, query = '') => {
    const response = await harness.app.inject({ url: `/api/enrollments${query}`, headers });
    return { status: response.statusCode, ...response.json() };
  };

  test('shows a family its own, newest first, page by page, each as the detail shows it', async () => {
    const classes = [];
    for (const weekday of ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'] as const) {
      classes.push(await harness.openClass({ weekday }));
    }
    const [child] = await harness.children(1);
    const headers = await harness.guardian(child!.familyId);
    const ids: string[] = [];
    for (const { id } of classes) ids.unshift((await harness.enroll(child!, id, headers)).json().id);
    const seen: string[] = [];
    let query = '?limit=2';
    for (let page = 0; page < 3; page++) {
      const { items, nextCursor } = await list(headers, query);
      seen.push(...items.map(({ id }: { id: string }) => id));
      query = `?limit=2&cursor=${nextCursor}`;
      if (page === 2) expect(nextCursor).toBeUndefined();
    }
    expect(seen).toEqual(ids);
    const detail = without(await read(ids[0]!), 'history');
    expect((await list(headers, '?limit=1')).items).toEqual([detail]);
  });

  test('filters, and never shows a guardian another family', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const [first, second] = await enrolled(2, classId);
    const coordinator = await harness.coordinator();
    const idsOf = async (headers: Record<string, string>, query: string) =>
      (await list(headers, query)).items.map(({ id }: { id: string }) => id);
    expect(await idsOf(coordinator, `?classId=${classId}`)).toEqual([second!.id, first!.id]);
    expect(await idsOf(coordinator, `?classId=${classId}&status=waitlisted`)).toEqual([second!.id]);
    expect(await idsOf(coordinator, `?familyId=${first!.child.familyId}`)).toEqual([first!.id]);
    expect(await idsOf(first!.headers, `?classId=${classId}`)).toEqual([first!.id]);
    expect(await idsOf(first!.headers, `?familyId=${second!.child.familyId}`)).toEqual([]);
  });

  test('refuses a cursor that was tampered with or belongs to another list', async () => {
    const headers = await harness.coordinator();
    await enrolled(2, (await harness.openClass()).id);
    const { nextCursor } = await list(headers, '?limit=1');
    const classes = await harness.app.inject({ url: '/api/classes?limit=1' });
    for (const cursor of [`${nextCursor}x`, 'nonsense', classes.json().nextCursor]) {
      expect(await list(headers, `?cursor=${cursor}`)).toMatchObject({ status: 422, code: 'invalid_cursor' });
    }
  });
});

describe('GET /api/classes/:id/roster', () => {
  test('shows a coordinator seats and waitlist, in order, with the guardians', async () => {
    const { id: classId } = await harness.openClass({ capacity: 2 });
    const made = await enrolled(4, classId);
    await harness.cancel(made[0]!.id, made[0]!.headers);
    const headers = await harness.coordinator();
    const first = (await harness.app.inject({ url: `/api/classes/${classId}/roster?limit=2`, headers })).json();
    const rest = (
      await harness.app.inject({ url: `/api/classes/${classId}/roster?cursor=${first.nextCursor}`, headers })
    ).json();
    const all = [...first.items, ...rest.items];
    expect(all.map(({ enrollmentId, status, position }) => [enrollmentId, status, position])).toEqual([
      [made[1]!.id, 'payment_pending', undefined],
      [made[2]!.id, 'payment_pending', undefined],
      [made[3]!.id, 'waitlisted', 1],
    ]);
    expect(all[0]).toMatchObject({
      child: { id: made[1]!.child.id, name: made[1]!.child.name, birthDate: '2018-06-01' },
      family: { name: 'Okafor', guardians: [{ name: 'Ngozi Okafor', email: 'ngozi@example.org' }] },
    });
    expect(rest.nextCursor).toBeUndefined();
  });

  test('of a class without enrollments is empty, of no class is 404', async () => {
    const { id } = await harness.openClass();
    const headers = await harness.coordinator();
    expect((await harness.app.inject({ url: `/api/classes/${id}/roster`, headers })).json()).toEqual({ items: [] });
    expect((await harness.app.inject({ url: `/api/classes/${uuidv7()}/roster`, headers })).statusCode).toBe(404);
  });
});
