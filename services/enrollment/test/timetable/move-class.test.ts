import { decodeEvent, type DomainEvent } from '@homeroom/contracts';
import { waitFor } from '@homeroom/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { carryOutJobs } from '../../src/class-jobs/carry-out-jobs.ts';
import type { ClassDetails } from '../../src/classes/schemas.ts';
import { pottery, startHarness, type Child, type Harness } from '../harness.ts';

const terms = { offerMs: 3_600_000, graceMs: 3_600_000 };
let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
beforeEach(async () => {
  for (const table of ['outbox', 'class_jobs', 'bookings', 'classes']) await harness.rows(`delete from ${table}`);
});
afterAll(() => harness.close());

const patch = async (id: string, payload: object, query = '') =>
  (
    await harness.app.inject({ method: 'PATCH', url: `/api/classes/${id}${query}`, headers: coordinator, payload })
  ).json();
const open = async (change: Partial<ClassDetails>) =>
  (
    await harness.app.inject({
      method: 'POST',
      url: '/api/classes',
      headers: coordinator,
      payload: { ...pottery, ...change },
    })
  ).json();
const read = async (url: string) => (await harness.app.inject({ url, headers: coordinator })).json();
const enroll = async (child: Child, classId: string) => (await harness.enroll(child, classId, coordinator)).json();

async function carryOut(): Promise<void> {
  const stopping = new AbortController();
  const working = carryOutJobs({ db: harness.database, terms, pollMs: 5, onEvent: () => undefined }, stopping.signal);
  await waitFor('all jobs to end', async () => (await harness.rows('select from class_jobs')).length === 0);
  stopping.abort();
  await working;
}

async function rescheduled(): Promise<DomainEvent<'homeroom.enrollment.rescheduled.v1'>[]> {
  const rows = await harness.rows<{ headers: Record<string, string>; payload: Buffer }>(
    'select headers, payload from outbox order by sequence',
  );
  return rows.flatMap(({ headers, payload }) => {
    const event = decodeEvent({ headers, value: payload });
    return event?.type === 'homeroom.enrollment.rescheduled.v1' ? [event] : [];
  });
}

const hours = { weekday: 'tuesday', startTime: '10:00', endTime: '11:30' } as const;
const meeting = { ...hours, firstDay: '2027-01-12', lastDay: '2027-05-18', room: 'Workshop' };

describe('a class whose hours a coordinator changes', () => {
  test('notifies everyone who is in it or waits for it, with the old and the new hours, and nobody else', async () => {
    const { id } = await harness.openClass({ capacity: 2 });
    const children = await harness.children(5);
    const [paid, , waiting, left, late] = children;
    const made = [];
    for (const child of children.slice(0, 4)) made.push(await enroll(child, id));
    await harness.rows(`update enrollments set status = 'enrolled' where enrollment_id = $1`, made[0].id);
    await harness.cancel(made[3].id, coordinator);
    await patch(id, { weekday: 'thursday', startTime: '14:00', endTime: '15:30' });
    await enroll(late!, id);
    await carryOut();

    const events = await rescheduled();
    expect(events.map(({ data }) => [data.child.name, data.status])).toEqual([
      [paid!.name, 'enrolled'],
      [children[1]!.name, 'payment_pending'],
      [waiting!.name, 'waitlisted'],
    ]);
    expect(events.map(({ data }) => data.child.childId)).not.toContain(left!.id);
    for (const { data } of events) {
      expect(data.before).toEqual(meeting);
      expect(data.class).toMatchObject({ weekday: 'thursday', startTime: '14:00', firstDay: '2027-01-14', version: 2 });
    }
    const found = await read(`/api/enrollments/${made[0].id}`);
    expect(found).toMatchObject({ status: 'enrolled', version: 2, class: { weekday: 'thursday' } });
    expect(found.history.at(-1)).toMatchObject({ type: 'rescheduled', before: meeting, status: 'enrolled' });
  });

  test('notifies of each change with the hours of that change', async () => {
    const { id } = await harness.openClass();
    await enroll((await harness.children(1))[0]!, id);
    await patch(id, { room: 'Barn' });
    await patch(id, { startTime: '09:00' });
    await carryOut();
    expect((await rescheduled()).map(({ data }) => [data.before.room, data.class.room, data.class.startTime])).toEqual([
      ['Workshop', 'Barn', '10:00'],
      ['Barn', 'Barn', '09:00'],
    ]);
  });

  test.each([
    ['a change of something else', { capacity: 5, priceCents: 100, teacher: 'Bo', description: 'Clay' }, 2],
    ['a first day that is moved to the same first meeting', { firstDay: '2027-01-06' }, 1],
    ['a change of a class that has ended', { firstDay: '2026-01-06', lastDay: '2026-05-19', room: 'Barn' }, 2],
  ])('%s notifies nobody', async (_, change, version) => {
    const { id } = await harness.openClass();
    await enroll((await harness.children(1))[0]!, id);
    expect((await patch(id, change)).version).toBe(version);
    expect(await harness.rows('select from class_jobs')).toEqual([]);
  });

  test('a class that is canceled right after it was moved notifies of the cancellation only', async () => {
    const { id } = await harness.openClass();
    await enroll((await harness.children(1))[0]!, id);
    await patch(id, { startTime: '09:00' });
    const url = `/api/classes/${id}/cancel`;
    await harness.app.inject({ method: 'POST', url, headers: coordinator, payload: { reason: 'No clay' } });
    await carryOut();
    expect(await rescheduled()).toEqual([]);
  });
});

describe('conflicts that a change of hours creates', () => {
  const friday = { weekday: 'friday', startTime: '13:00', endTime: '14:00', room: 'Barn', teacher: 'Bo' } as const;

  /** A child in two classes that do not collide, another in one of them only. */
  async function twoClasses() {
    const moved = await harness.openClass({ title: 'Pottery' });
    const other = await harness.openClass({ title: 'Choir', ...friday, room: 'Hall', teacher: 'Cy' });
    const [both, one] = await harness.children(2);
    const made = await enroll(both!, moved.id);
    await enroll(both!, other.id);
    await enroll(one!, moved.id);
    return { moved, other, both: both!, made };
  }
  const flags = async (classId: string): Promise<unknown[]> =>
    (await read(`/api/classes/${classId}/roster`)).items.map((item: { flags: unknown }) => item.flags);

  test('are listed by a preview, which changes nothing', async () => {
    const { moved, other, both, made } = await twoClasses();
    await open({ title: 'Yoga', ...friday, room: 'Barn', teacher: 'Di' });
    const state = async () => [
      await harness.rows('select * from classes order by class_id'),
      await harness.rows('select slots from children order by child_id'),
      await harness.rows('select * from bookings order by class_id, resource'),
      await harness.rows('select * from outbox order by sequence'),
      await harness.rows('select from class_jobs'),
    ];
    const before = await state();
    const preview = await patch(moved.id, friday, '?preview=true');
    expect(preview).toMatchObject({
      id: moved.id,
      version: moved.version,
      ...friday,
      firstDay: '2027-01-15',
      warnings: [{ code: 'room_double_booked', title: 'Yoga' }],
      childConflicts: [
        {
          enrollmentId: made.id,
          child: { id: both.id, name: both.name },
          family: { id: both.familyId, name: 'Okafor' },
          class: { id: other.id, title: 'Choir', weekday: 'friday', startTime: '13:00', endTime: '14:00' },
        },
      ],
    });
    expect(preview.childConflicts).toHaveLength(1);
    expect(await state()).toEqual(before);
  });

  test('are listed by the change, and stay flagged in the rosters until they are resolved', async () => {
    const { moved, other, made } = await twoClasses();
    expect(await flags(moved.id)).toEqual([[], []]);
    expect((await patch(moved.id, friday)).childConflicts).toMatchObject([{ class: { title: 'Choir' } }]);
    expect(await flags(moved.id)).toEqual([['schedule_conflict'], []]);
    expect(await flags(other.id)).toEqual([['schedule_conflict']]);
    await harness.cancel(made.id, coordinator);
    expect(await flags(other.id)).toEqual([[]]);
  });

  test('are none when the dates share no such weekday, or only the room changes', async () => {
    const { moved } = await twoClasses();
    const apart = { ...friday, firstDay: '2027-05-19', lastDay: '2027-06-01' };
    expect((await patch(moved.id, apart, '?preview=true')).childConflicts).toEqual([]);
    expect((await patch(moved.id, { room: 'Barn' })).childConflicts).toEqual([]);
  });

  test('a preview is refused like the change, except for what an override allows', async () => {
    const { moved } = await twoClasses();
    expect((await patch(moved.id, { capacity: 1 }, '?preview=true')).code).toBe('capacity_below_taken');
    expect((await patch(moved.id, { endTime: '09:00' }, '?preview=true')).code).toBe('validation_failed');
    expect((await patch(moved.id, { endTime: '12:00' }, '?preview=maybe')).code).toBe('validation_failed');
  });
});

describe('the first day of a class', () => {
  test('moves to the first weekday of the class inside its dates', async () => {
    const made = await open({ title: 'Thursdays', weekday: 'thursday' });
    expect(made).toMatchObject({ firstDay: '2027-01-14', lastDay: '2027-05-18' });
    expect(await patch(made.id, { weekday: 'wednesday' })).toMatchObject({ firstDay: '2027-01-20' });
    expect((await patch(made.id, { lastDay: '2027-01-19' })).firstDay ?? 'refused').toBe('refused');
  });

  test('moves in a timetable as well, and a second import changes nothing', async () => {
    const csv = [
      'title,subject,teacher,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
      'Clay,art,Ada,Barn,friday,10:00,11:30,2027-01-11,2027-05-18,7,11,3,145.00',
    ].join('\n');
    const send = async () => (await harness.importing(csv, coordinator)).json();
    expect(await send()).toMatchObject({ created: 1 });
    const [made] = await harness.rows(`select first_day::text as day from classes where title = 'Clay'`);
    expect(made).toEqual({ day: '2027-01-15' });
    expect(await send()).toMatchObject({ unchanged: 1, updated: 0, created: 0 });
  });
});
