import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded } from '../../src/classes/ended.ts';
import { startHarness, type Harness } from '../harness.ts';

let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
afterAll(() => harness.close());

const end = (classId: string) =>
  harness.rows(
    `update classes set first_day = '2020-01-07', last_day = '2020-05-19', version = version + 1 where class_id = $1`,
    classId,
  );
const read = async (id: string) =>
  (await harness.app.inject({ url: `/api/enrollments/${id}`, headers: coordinator })).json();

test('D4: a class ends with its last day in its own time zone, not in the server’s', () => {
  const lastDay = '2027-05-18';
  const at = (iso: string, timeZone: string) => hasEnded({ lastDay, timeZone }, new Date(iso));
  expect(at('2027-05-19T04:59:59Z', 'America/Chicago')).toBe(false);
  expect(at('2027-05-19T05:00:00Z', 'America/Chicago')).toBe(true);
  expect(at('2027-05-18T15:00:00Z', 'Asia/Tokyo')).toBe(true);
  expect(at('2027-05-18T15:00:00Z', 'UTC')).toBe(false);
});

describe('D4: after the last day of a class', () => {
  test('enrollments are refused, from coordinators as well', async () => {
    const [child] = await harness.children(1);
    const { id } = await harness.openClass({ firstDay: '2025-01-07', lastDay: '2025-05-20' });
    for (const headers of [await harness.guardian(child!.familyId), coordinator]) {
      const refused = await harness.enroll(child!, id, headers);
      expect([refused.statusCode, refused.json().code]).toEqual([409, 'class_ended']);
      expect(refused.json().detail).toContain('had its last day on May 20, 2025.');
    }
  });

  test('the waitlist is not promoted', async () => {
    const { id: classId } = await harness.openClass({ capacity: 1 });
    const ids: string[] = [];
    for (const child of await harness.children(2)) {
      ids.push((await harness.enroll(child, classId, coordinator)).json().id);
    }
    await end(classId);
    await harness.cancel(ids[0]!, coordinator);
    expect(await read(ids[1]!)).toMatchObject({ status: 'waitlisted' });
  });

  test('a cancellation refunds nothing, and says why, twice', async () => {
    const { id: classId } = await harness.openClass();
    const [child] = await harness.children(1);
    const { id } = (await harness.enroll(child!, classId, coordinator)).json();
    const paid = `update charges set state = 'charged', provider_charge_id = 'ch_1' where enrollment_id = $1`;
    await harness.rows(paid, id);
    await end(classId);
    const answers = [await harness.cancel(id, coordinator), await harness.cancel(id, coordinator)];
    expect(answers[0]!.json()).toEqual({
      id,
      status: 'cancelled',
      refundCents: 0,
      currency: 'USD',
      noRefund: 'class_ended',
    });
    expect(answers[1]!.body).toBe(answers[0]!.body);
    const found = await read(id);
    expect(found).toMatchObject({ payment: 'charged', refundCents: 0 });
    expect(found.history.at(-1)).toMatchObject({ type: 'cancelled', noRefund: 'class_ended' });
  });

  test('control: on its last day a paid seat is still refunded', async () => {
    const { id: classId } = await harness.openClass();
    const [child] = await harness.children(1);
    const { id } = (await harness.enroll(child!, classId, coordinator)).json();
    await harness.rows(
      `update charges set state = 'charged', provider_charge_id = 'ch_1' where enrollment_id = $1`,
      id,
    );
    await harness.rows(
      `update classes set first_day = '2020-01-07',
        last_day = (now() at time zone 'America/Chicago')::date where class_id = $1`,
      classId,
    );
    expect((await harness.cancel(id, coordinator)).json()).toMatchObject({ refundCents: 14_500 });
  });
});
