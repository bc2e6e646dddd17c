import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeEvent, type DomainEvent } from '@homeroom/contracts';
import { waitFor } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import type { ClassDetails } from '../../src/classes/schemas.ts';
import { createClasses } from '../../src/timetable/create-class.ts';
import { flagDoubleBookings } from '../../src/timetable/flag-double-bookings.ts';
import { findSharing } from '../../src/timetable/store.ts';
import { pottery, startHarness, type Harness } from '../harness.ts';

let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
beforeEach(async () => {
  await harness.rows('delete from classes');
  await harness.rows('delete from bookings');
  await harness.rows('delete from outbox');
});
afterAll(() => harness.close());

const override = { doubleBooking: true, reason: 'The workshop has two halves.' } as const;
type Given = Partial<ClassDetails> & { override?: object };
const open = async (change: Given, headers = coordinator) =>
  harness.app.inject({
    method: 'POST',
    url: '/api/classes',
    headers,
    payload: { ...pottery, title: 'Choir', teacher: 'Ada', room: 'Barn', ...change },
  });
const patch = async (id: string, payload: object, query = '') =>
  (
    await harness.app.inject({ method: 'PATCH', url: `/api/classes/${id}${query}`, headers: coordinator, payload })
  ).json();

const doubleBooked = async (): Promise<DomainEvent<'homeroom.class.double-booked.v1'>[]> =>
  (
    await harness.rows<{ headers: Record<string, string>; payload: Buffer }>(
      'select headers, payload from outbox order by sequence',
    )
  ).flatMap(({ headers, payload }) => {
    const event = decodeEvent({ headers, value: payload });
    return event?.type === 'homeroom.class.double-booked.v1' ? [event] : [];
  });

const hour = { weekday: 'tuesday', startTime: '10:00', endTime: '11:30' } as const;

describe('D10: a class in the room, or with the teacher, of another open class at that hour', () => {
  test('is refused, with the other class in the sentence', async () => {
    const { id: classId } = await harness.openClass({ title: 'Pottery', room: 'Workshop', teacher: 'Inês Duarte' });
    const response = await open({ room: 'Workshop', startTime: '11:00', endTime: '12:00' });
    const message = '"Pottery" meets in Workshop at the same time: Tuesdays, 10:00–11:30, 2027-01-12 to 2027-05-18.';
    expect([response.statusCode, response.json()]).toEqual([
      409,
      expect.objectContaining({
        code: 'double_booked',
        detail: `${message} Choose another hour, room, or teacher, or give a reason in override.`,
        conflicts: [
          {
            code: 'room_double_booked',
            classId,
            title: 'Pottery',
            ...hour,
            firstDay: '2027-01-12',
            lastDay: '2027-05-18',
            message,
          },
        ],
      }),
    ]);
    expect(await harness.rows(`select from classes where title = 'Choir'`)).toEqual([]);
    expect(await doubleBooked()).toEqual([]);
  });

  test('is opened with a reason, which is kept and goes out with the event', async () => {
    const { id: classId } = await harness.openClass({ title: 'Pottery' });
    const response = await open({ room: 'Workshop', override });
    expect([response.statusCode, response.json().warnings]).toMatchObject([
      201,
      [{ code: 'room_double_booked', classId }],
    ]);
    const { id } = response.json();
    expect((await doubleBooked()).map(({ subject, data }) => [subject, data.class.title, data.conflicts])).toEqual([
      [id, 'Choir', [{ over: 'room', classId, title: 'Pottery', ...hour }]],
    ]);
    expect((await doubleBooked())[0]?.data.reason).toBe(override.reason);
    const kept = 'select resource, override_reason from bookings where class_id = $1 order by resource';
    expect(await harness.rows(kept, id)).toEqual([
      { resource: 'room', override_reason: override.reason },
      { resource: 'teacher', override_reason: null },
    ]);
  });

  test.each([{ doubleBooking: false, reason: 'x' }, { doubleBooking: true }, { doubleBooking: true, reason: ' ' }])(
    'is not opened with the override %j',
    async (wrong) => {
      expect((await open({ override: wrong })).json().code).toBe('validation_failed');
    },
  );

  test.each([
    ['room', { room: ' work SHOP' }],
    ['room', { room: 'Wórkshop' }],
    ['teacher', { teacher: 'ines  duarte' }],
    ['teacher', { teacher: 'Ine\u0302s Duarte' }],
  ])('has the same %s whatever its case, spaces, and accents', async (over, change) => {
    await harness.openClass();
    expect((await open(change)).json().conflicts).toMatchObject([{ code: `${over}_double_booked` }]);
  });

  test('that shares both is named for both', async () => {
    await harness.openClass();
    const both = { room: 'Workshop', teacher: 'Inês Duarte', override };
    const codes = (await open(both)).json().warnings.map(({ code }: { code: string }) => code);
    expect(codes.sort()).toEqual(['room_double_booked', 'teacher_double_booked']);
    const [event] = await doubleBooked();
    expect(event?.data.conflicts).toHaveLength(2);
  });

  const apart: [string, Partial<ClassDetails>][] = [
    ['another room', { room: 'Barn' }],
    ['another weekday', { weekday: 'friday' }],
    ['an hour later', { startTime: '11:30', endTime: '12:30' }],
    ['another term', { firstDay: '2027-05-19', lastDay: '2027-07-20' }],
    ['dates that share no such weekday', { firstDay: '2027-05-19', lastDay: '2027-05-25' }],
    ['the status closed', { status: 'closed' }],
  ];
  test.each(apart)('with %s is not flagged', async (_, change) => {
    await harness.openClass();
    expect((await open({ room: 'Workshop', ...change })).json().warnings).toEqual([]);
    expect(await doubleBooked()).toEqual([]);
  });

  test('is opened when the other class is closed', async () => {
    await harness.openClass({ status: 'closed' });
    expect((await open({ room: 'Workshop' })).json().warnings).toEqual([]);
  });

  test('is refused when a change brings it there, and not again for a change of something else', async () => {
    await harness.openClass({ title: 'Pottery' });
    const { id } = (await open({})).json();
    const there = { room: 'workshop' };
    expect(await patch(id, there)).toMatchObject({ code: 'double_booked', conflicts: [{ title: 'Pottery' }] });
    expect((await patch(id, { override })).code).toBe('validation_failed');
    expect(await patch(id, there, '?preview=true')).toMatchObject({
      room: 'workshop',
      warnings: [{ title: 'Pottery' }],
    });
    expect(await doubleBooked()).toEqual([]);
    expect((await patch(id, { ...there, override })).warnings).toMatchObject([{ title: 'Pottery' }]);
    expect((await patch(id, { capacity: 9, priceCents: 100 })).warnings).toEqual([]);
    expect((await patch(id, { status: 'closed' })).warnings).toEqual([]);
    expect((await patch(id, { status: 'open' })).code).toBe('double_booked');
    expect((await patch(id, { status: 'open', override })).warnings).toMatchObject([{ title: 'Pottery' }]);
    expect(await doubleBooked()).toHaveLength(2);
  });

  test.each([
    ['closed', (id: string) => patch(id, { status: 'closed' })],
    ['moved to another room', (id: string) => patch(id, { room: 'Hall', teacher: 'Bo' })],
    ['moved to another hour', (id: string) => patch(id, { weekday: 'friday' })],
    [
      'canceled',
      (id: string) =>
        harness.app.inject({
          method: 'POST',
          url: `/api/classes/${id}/cancel`,
          headers: coordinator,
          payload: { reason: 'No clay' },
        }),
    ],
  ])('is opened once the other one is %s', async (_, leave) => {
    const { id } = (await open({ title: 'Pottery' })).json();
    expect((await open({})).json().code).toBe('double_booked');
    await leave(id);
    expect((await open({})).statusCode).toBe(201);
  });

  test('is flagged once for a request that is sent twice', async () => {
    await harness.openClass();
    const headers = { ...coordinator, 'idempotency-key': uuidv7() };
    const answers = [
      await open({ room: 'Workshop', override }, headers),
      await open({ room: 'Workshop', override }, headers),
    ];
    expect(answers[1]?.body).toBe(answers[0]?.body);
    expect(answers[1]?.json().warnings).toHaveLength(1);
    expect(await doubleBooked()).toHaveLength(1);
  });

  test('leaves no event when the change fails', async () => {
    await harness.openClass({ title: 'Pottery', capacity: 3 });
    const { id } = (await open({})).json();
    for (const child of await harness.children(2)) await harness.enroll(child, id);
    expect((await patch(id, { room: 'Workshop', capacity: 1 })).code).toBe('capacity_below_taken');
    expect(await doubleBooked()).toEqual([]);
  });

  test('is flagged in an import, once per pair, with its line; a second import flags nothing', async () => {
    await harness.openClass({ title: 'Pottery', room: 'Workshop' });
    const csv = [
      'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price',
      'A,Ada,x,Barn,tuesday,10:00,11:00,2027-01-12,2027-05-18,6,12,8,0',
      'B,Bob,x,barn,tuesday,10:30,11:30,2027-01-12,2027-05-18,6,12,8,0',
      'C,Cas,x,WORKSHOP,tuesday,11:00,12:00,2027-01-12,2027-05-18,6,12,8,0',
      'D,Dot,x,Hall,tuesday,11:00,12:00,2027-01-12,2027-05-18,6,12,8,0',
    ].join('\n');
    const send = async () => (await harness.importing(csv, coordinator)).json();
    const { result, names } = await harness.counter.during(send);
    expect(result.warnings).toMatchObject([
      { line: 3, code: 'room_double_booked', title: 'A' },
      { line: 4, code: 'room_double_booked', title: 'Pottery' },
    ]);
    expect(names.filter((name) => name === 'classes_sharing')).toHaveLength(1);
    expect((await doubleBooked()).map(({ data }) => data.class.title)).toEqual(['B', 'C']);
    expect(await send()).toMatchObject({ unchanged: 4, warnings: [] });
    expect(await doubleBooked()).toHaveLength(2);
  });

  /** Opens a class while another transaction, which has not committed yet, opens one in the same room. */
  async function openBeside(): Promise<Awaited<ReturnType<typeof open>>> {
    let answer: ReturnType<typeof open> | undefined;
    await harness.db.transaction(async (trx) => {
      const [first] = await createClasses(trx, [{ ...pottery, title: 'First', room: 'Barn', teacher: 'Bo' }]);
      await flagDoubleBookings(trx, [first!]);
      answer = open({});
      await waitFor('the request to wait for the booking, or to have its answer', async () => {
        const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        return (await harness.rows(waiting)).length > 0 || (await harness.rows(`select from classes`)).length > 0;
      });
    });
    return answer!;
  }

  test('is refused also when both are opened at the same moment', async () => {
    const { statusCode, ...response } = await openBeside();
    expect([statusCode, response.json().conflicts]).toMatchObject([409, [{ title: 'First' }]]);
  });

  test('is found in the indexes of rooms and teachers', async () => {
    const { id } = await harness.openClass();
    const plan = await harness.db.transaction(async (trx) => {
      await trx.query({ name: 'test-no-seqscan', text: 'set local enable_seqscan = off' });
      let found: unknown;
      const explaining: typeof trx = {
        ...trx,
        async query<Row>({ text, values = [] }: { text: string; values?: readonly unknown[] }) {
          const result = await trx.query<Row>({ name: 'test-plan', text: `explain (format json) ${text}`, values });
          found = result.rows;
          return { ...result, rows: [] };
        },
      };
      await findSharing(explaining, [id]);
      return JSON.stringify(found);
    });
    expect(plan).toContain('classes_rooms');
    expect(plan).toContain('classes_teachers');
  });

  test('control: without the constraint both are opened, and neither knows of the other', async () => {
    await harness.rows('alter table bookings drop constraint bookings_once');
    const { statusCode, ...response } = await openBeside();
    expect([statusCode, response.json().warnings]).toEqual([201, []]);
  });
});
