import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { settleCharge } from '../../src/payments/settle-charge.ts';
import { termsOf } from '../../src/seats/terms.ts';
import { startHarness, type Harness } from '../harness.ts';

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const none = { enrollments: 0, classes: 0, children: 0 };

/** Everything that can happen to enrollments, concurrently where that is allowed. */
const live = async (): Promise<void> => {
  const coordinator = await harness.coordinator();
  const classes = await Promise.all([
    harness.openClass({ capacity: 5 }),
    harness.openClass({ capacity: 3, priceCents: 0, weekday: 'monday' }),
    harness.openClass({ capacity: 2, weekday: 'friday' }),
  ]);
  const children = await harness.children(12);
  const ids: string[] = [];
  await Promise.all(
    classes.flatMap(({ id }) =>
      children.map(async (child, index) => {
        const headers = { ...coordinator, ...(index === 0 ? { 'idempotency-key': `${id}-key` } : {}) };
        ids.push((await harness.enroll(child, id, headers)).json().id);
      }),
    ),
  );
  await Promise.all(
    ids.map((enrollmentId, index) => {
      const providerChargeId = `ch_${enrollmentId}`;
      if (index % 5 === 0) return harness.cancel(enrollmentId, coordinator);
      const kind = index % 7 === 0 ? 'declined' : 'succeeded';
      return harness.db.transaction((trx) =>
        settleCharge(trx, { enrollmentId, outcome: { kind, providerChargeId }, terms }),
      );
    }),
  );
  const changes = [{ capacity: 8 }, { startTime: '14:00', endTime: '15:00' }, { firstDay: '2027-02-01', capacity: 4 }];
  for (const [index, change] of changes.entries()) {
    const { id } = classes[index]!;
    const url = `/api/classes/${id}`;
    // of its own: a room or a teacher that is booked would be refused
    const payload = { ...change, room: `Room ${id}`, teacher: `Teacher ${id}` };
    expect((await harness.app.inject({ method: 'PATCH', url, headers: coordinator, payload })).statusCode).toBe(200);
  }
};

test('the read models equal what the events say after everything that can happen', async () => {
  await live();
  const { enrollments, differences } = await rebuildReadModels({ db: harness.database }, { write: false });
  expect(enrollments).toBe(36);
  expect(differences).toEqual(none);
});

test('a damaged read model is detected, and rebuilt exactly', async () => {
  const state = () =>
    Promise.all([
      harness.rows('select * from enrollments order by enrollment_id'),
      harness.rows('select class_id, taken, waitlisted, last_number from class_seats order by class_id'),
      harness.rows(
        `select child_id, jsonb_path_query_array(slots, '$[*].classId') @> '[]' as busy from children order by 1`,
      ),
    ]);
  const before = await state();
  await harness.rows(`delete from enrollments where status = 'cancelled'`);
  await harness.rows(`update enrollments set status = 'enrolled', amount_cents = 1 where status = 'payment_pending'`);
  await harness.rows('update class_seats set taken = 0, last_number = 0 where taken > 2');
  await harness.rows(`update children set slots = '[]' where slots <> '[]'`);

  const { differences } = await rebuildReadModels({ db: harness.database }, { write: true });
  for (const count of Object.values(differences)) expect(count).toBeGreaterThan(0);
  expect(await state()).toEqual(before);
  expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual(none);
});

test('after a rebuild, enrolling and canceling work as before', async () => {
  await rebuildReadModels({ db: harness.database }, { write: true });
  await live();
  expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual(none);
});
