import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { startHarness, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const counted = async (classId: string) => {
  const [row] = await harness.rows<{ taken: number; waitlisted: number; seats: number; waiting: number }>(
    `select c.taken, c.waitlisted, count(*) filter (where e.status in ('payment_pending', 'enrolled', 'offered'))::int as seats,
       count(*) filter (where e.status = 'waitlisted')::int as waiting
     from classes c left join enrollments e on e.class_id = c.class_id where c.class_id = $1 group by c.class_id`,
    classId,
  );
  return row!;
};

test('200 at once for 30 seats: exactly 30 have one, 170 wait in the order in which they were answered', async () => {
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

test('with cancels in between no seat is sold twice, none stays empty, and nobody overtakes', async () => {
  const children = await harness.children(200);
  const { id } = await harness.openClass({ capacity: 30, priceCents: 0 });
  const coordinator = await harness.coordinator();
  let cancelled = 0;
  await Promise.all(
    children.map(async (child, index) => {
      const answer = await harness.enroll(child, id, coordinator);
      expect(answer.statusCode).toBe(201);
      if (index % 4 !== 0) return;
      const gone = await harness.cancel(answer.json().id, coordinator);
      expect(gone.statusCode).toBe(200);
      cancelled += 1;
    }),
  );
  expect(cancelled).toBe(50);
  expect(await counted(id)).toEqual({ taken: 30, waitlisted: 120, seats: 30, waiting: 120 });

  // whoever was promoted had waited longer than everybody who still waits and was there then
  const inversions = await harness.rows(
    `select 1 from enrollment_events promoted
     join enrollment_events first on first.enrollment_id = promoted.enrollment_id and first.version = 1
     join enrollments waiting on waiting.class_id = $1 and waiting.status = 'waitlisted'
     where promoted.type in ('promoted', 'confirmed') and promoted.version = 2 and (promoted.data ->> 'classId')::uuid = $1
       and waiting.waitlist_number < (first.data ->> 'waitlistNumber')::int`,
    id,
  );
  expect(inversions).toEqual([]);
  expect((await rebuildReadModels(harness.db, { write: false })).differences).toEqual({
    enrollments: 0,
    classes: 0,
    children: 0,
  });
});

test('one child asking 20 times at once gets one place', async () => {
  const [child] = await harness.children(1);
  const { id } = await harness.openClass({ capacity: 30 });
  const answers = await Promise.all(Array.from({ length: 20 }, () => harness.enroll(child!, id)));
  const codes = answers.map(({ statusCode }) => statusCode).sort();
  expect(codes).toEqual([201, ...Array<number>(19).fill(409)]);
  expect(await counted(id)).toMatchObject({ taken: 1, seats: 1 });
});

test('one child asking for two classes of the same hour at once gets one of them', async () => {
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

test('a key sent ten times at once makes one enrolment, and ten equal answers', async () => {
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
  await harness.rows('alter table classes drop constraint classes_never_oversold');
  await Promise.all(
    Array.from({ length: 200 }, async () => {
      const [seats] = await harness.rows<{ free: boolean }>(
        'select taken < capacity as free from classes where class_id = $1',
        id,
      );
      if (seats!.free) await harness.rows('update classes set taken = taken + 1 where class_id = $1', id);
    }),
  );
  const [{ taken }] = (await harness.rows<{ taken: number }>('select taken from classes where class_id = $1', id)) as [
    { taken: number },
  ];
  expect(taken).toBeGreaterThan(30);
  await harness.rows('update classes set taken = 0 where class_id = $1', id);
});
