import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { expireOffers } from '../../src/enrollments/expire-offers.ts';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { termsOf } from '../../src/seats/terms.ts';
import { startHarness, type Harness } from '../harness.ts';

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const counted = async (classId: string) => {
  const [row] = await harness.rows<{ taken: number; waitlisted: number; seats: number; waiting: number }>(
    `select c.taken, c.waitlisted, count(*) filter (where e.status in ('payment_pending', 'enrolled', 'offered'))::int as seats,
       count(*) filter (where e.status = 'waitlisted')::int as waiting
     from class_seats c left join enrollments e on e.class_id = c.class_id where c.class_id = $1 group by c.coop_id, c.class_id`,
    classId,
  );
  return row!;
};

test('200 concurrent requests for 30 seats: exactly 30 get one, 170 are on the waitlist in the order of their answers', async () => {
  const children = await harness.children(200);
  const { id } = await harness.openClass({ capacity: 30 });
  const coordinator = await harness.coordinator();
  const answers = await Promise.all(children.map((child) => harness.enroll(child, id, coordinator)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(200).fill(201));
  const bodies = answers.map((answer) => answer.json());
  expect(bodies.filter(({ status }) => status === 'payment_pending')).toHaveLength(30);
  const positions = bodies.filter(({ status }) => status === 'waitlisted').map(({ position }) => position as number);
  expect(positions.sort((a, b) => a - b)).toEqual(Array.from({ length: 170 }, (_, index) => index + 1));
  expect(await counted(id)).toEqual({ taken: 30, waitlisted: 170, seats: 30, waiting: 170 });
});

test('with concurrent cancellations no seat is sold twice, none stays empty, and the waitlist keeps its order', async () => {
  const children = await harness.children(200);
  const { id } = await harness.openClass({ capacity: 30, priceCents: 0 });
  const coordinator = await harness.coordinator();
  let canceled = 0;
  await Promise.all(
    children.map(async (child, index) => {
      const answer = await harness.enroll(child, id, coordinator);
      expect(answer.statusCode).toBe(201);
      if (index % 4 !== 0) return;
      const canceledSeat = await harness.cancel(answer.json().id, coordinator);
      expect(canceledSeat.statusCode).toBe(200);
      canceled += 1;
    }),
  );
  expect(canceled).toBe(50);
  expect(await counted(id)).toEqual({ taken: 30, waitlisted: 120, seats: 30, waiting: 120 });

  // a promoted child had waited longer than every child that was on the waitlist then and still is
  const inversions = await harness.rows(
    `select 1 from enrollment_events promoted
     join enrollment_events first on first.enrollment_id = promoted.enrollment_id and first.version = 1
     join enrollments waiting on waiting.class_id = $1 and waiting.status = 'waitlisted'
     where promoted.type in ('promoted', 'confirmed') and promoted.version = 2 and (promoted.data ->> 'classId')::uuid = $1
       and waiting.waitlist_number < (first.data ->> 'waitlistNumber')::int`,
    id,
  );
  expect(inversions).toEqual([]);
  expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual({
    enrollments: 0,
    classes: 0,
    children: 0,
  });
});

test('D7: with offers that are concurrently accepted, expired, and canceled, no seat is sold twice and none stays empty', async () => {
  const coordinator = await harness.coordinator();
  const { id } = await harness.openClass({ capacity: 20, priceCents: 0, startTime: '13:00', endTime: '14:00' });
  const elsewhere = await harness.openClass({ capacity: 500, priceCents: 0, startTime: '13:30', endTime: '15:00' });
  const children = await harness.children(120);
  const first: string[] = [];
  const busy = new Map<string, string>();
  for (const [index, child] of children.entries()) {
    const made = (await harness.enroll(child, id, coordinator)).json();
    if (index < 20) first.push(made.id);
    else if (index % 2 === 0) busy.set(made.id, (await harness.enroll(child, elsewhere.id, coordinator)).json().id);
  }
  await Promise.all(first.map((one) => harness.cancel(one, coordinator)));
  expect(await counted(id)).toEqual({ taken: 20, waitlisted: 80, seats: 20, waiting: 80 });

  const offered = async () =>
    (
      await harness.rows<{ id: string }>(
        `select enrollment_id as id from enrollments where class_id = $1 and status = 'offered'`,
        id,
      )
    ).map((row) => row.id);
  expect((await offered()).length).toBeGreaterThan(0);
  for (let round = 0; round < 3; round++) {
    const offers = await offered();
    await harness.rows(
      `update enrollments set offer_expires_at = now() where status = 'offered' and enrollment_id = any($1)`,
      offers.filter((_, index) => index % 3 === 0),
    );
    await Promise.all([
      expireOffers({ db: harness.database, terms }, { limit: 50 }),
      expireOffers({ db: harness.database, terms }, { limit: 50 }),
      ...offers.map(async (one, index) => {
        if (index % 3 === 1) await harness.cancel(busy.get(one) ?? '', coordinator);
        const url = `/api/enrollments/${one}/accept`;
        if (index % 3 < 2) await harness.app.inject({ method: 'POST', url, headers: coordinator });
        else await harness.cancel(one, coordinator);
      }),
    ]);
    expect(await counted(id)).toMatchObject({ taken: 20, seats: 20 });
  }
  const accepted = await harness.rows(
    `select from enrollments e join enrollment_events h using (enrollment_id)
      where e.class_id = $1 and h.type = 'offered' and e.status = 'enrolled'`,
    id,
  );
  expect(accepted.length).toBeGreaterThan(0);
  await harness.rows(
    `update enrollments e set offer_expires_at = (h.data ->> 'expiresAt')::timestamptz from enrollment_events h
      where h.enrollment_id = e.enrollment_id and h.type = 'offered' and e.status = 'offered'`,
  );
  expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual({
    enrollments: 0,
    classes: 0,
    children: 0,
  });
});

test('20 concurrent requests for one child get one place', async () => {
  const [child] = await harness.children(1);
  const { id } = await harness.openClass({ capacity: 30 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => harness.enroll(child!, id)));
  const codes = answers.map(({ statusCode }) => statusCode).sort();
  expect(codes).toEqual([201, ...Array<number>(19).fill(409)]);
  expect(await counted(id)).toMatchObject({ taken: 1, seats: 1 });
});

test('concurrent requests of one child for two classes at the same hour get one of them', async () => {
  for (let round = 0; round < 10; round++) {
    const [child] = await harness.children(1);
    const classes = await Promise.all([harness.openClass(), harness.openClass(), harness.openClass()]);
    const answers = await Promise.all(classes.map(({ id }) => harness.enroll(child!, id)));
    expect(answers.map((answer) => answer.json().code ?? 'taken').sort()).toEqual([
      'schedule_conflict',
      'schedule_conflict',
      'taken',
    ]);
  }
});

test('a key sent ten times concurrently makes one enrollment, and ten equal answers', async () => {
  const [child] = await harness.children(1);
  const { id } = await harness.openClass();
  const headers = { ...(await harness.guardian(child!.familyId)), 'idempotency-key': 'only-once' };
  const answers = await Promise.all(Array.from({ length: 10 }, () => harness.enroll(child!, id, headers)));
  expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
  expect(await counted(id)).toMatchObject({ taken: 1, seats: 1 });
});

/**
 * The textbook's way: look, then write. It shows that the tests above would notice: 200 at once do collide here.
 */
test('control: without guard and constraint the same rush oversells', async () => {
  const { id } = await harness.openClass({ capacity: 30 });
  await harness.rows('alter table class_seats drop constraint class_seats_never_oversold');
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const [seats] = await harness.rows<{ free: boolean }>(
        'select taken < capacity as free from class_seats where class_id = $1',
        id,
      );
      if (seats!.free) await harness.rows('update class_seats set taken = taken + 1 where class_id = $1', id);
    }),
  );
  const [{ taken }] = (await harness.rows<{ taken: number }>(
    'select taken from class_seats where class_id = $1',
    id,
  )) as [{ taken: number }];
  expect(taken).toBeGreaterThan(30);
  await harness.rows('update class_seats set taken = 0 where class_id = $1', id);
});
