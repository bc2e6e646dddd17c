import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeEvent, type DomainEvent } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import type { ClassDetails } from '../../src/classes/schemas.ts';
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
  await harness.rows('delete from outbox');
});
afterAll(() => harness.close());

const open = async (change: Partial<ClassDetails>, headers = coordinator) =>
  harness.app.inject({
    method: 'POST',
    url: '/api/classes',
    headers,
    payload: { ...pottery, title: 'Choir', teacher: 'Ada', room: 'Barn', ...change },
  });
const patch = async (id: string, payload: object) =>
  (await harness.app.inject({ method: 'PATCH', url: `/api/classes/${id}`, headers: coordinator, payload })).json();

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
  test('is opened with a warning, and the event goes out with it', async () => {
    const { id: classId } = await harness.openClass({ title: 'Pottery', room: 'Workshop', teacher: 'Inês Duarte' });
    const response = await open({ room: 'Workshop', startTime: '11:00', endTime: '12:00' });
    expect([response.statusCode, response.json().warnings]).toEqual([
      201,
      [
        {
          code: 'room_double_booked',
          classId,
          title: 'Pottery',
          ...hour,
          firstDay: '2027-01-12',
          lastDay: '2027-05-18',
          message: '"Pottery" meets in Workshop at the same time: Tuesdays, 10:00–11:30, 2027-01-12 to 2027-05-18.',
        },
      ],
    ]);
    expect((await doubleBooked()).map(({ subject, data }) => [subject, data.class.title, data.conflicts])).toEqual([
      [response.json().id, 'Choir', [{ over: 'room', classId, title: 'Pottery', ...hour }]],
    ]);
  });

  test.each([
    ['room', { room: ' work SHOP' }],
    ['room', { room: 'Wórkshop' }],
    ['teacher', { teacher: 'ines  duarte' }],
    ['teacher', { teacher: 'Ine\u0302s Duarte' }],
  ])('has the same %s whatever its case, spaces, and accents', async (over, change) => {
    await harness.openClass();
    expect((await open(change)).json().warnings).toMatchObject([{ code: `${over}_double_booked` }]);
  });

  test('that shares both is flagged for both', async () => {
    await harness.openClass();
    const codes = (await open({ room: 'Workshop', teacher: 'Inês Duarte' }))
      .json()
      .warnings.map(({ code }: { code: string }) => code);
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

  test('is not flagged because of a closed class', async () => {
    await harness.openClass({ status: 'closed' });
    expect((await open({ room: 'Workshop' })).json().warnings).toEqual([]);
  });

  test('is flagged when a change brings it there, and not again by a change of something else', async () => {
    await harness.openClass({ title: 'Pottery' });
    const { id } = (await open({})).json();
    expect((await patch(id, { room: 'workshop' })).warnings).toMatchObject([{ title: 'Pottery' }]);
    expect((await patch(id, { capacity: 9, priceCents: 100 })).warnings).toEqual([]);
    expect((await patch(id, { status: 'closed' })).warnings).toEqual([]);
    expect((await patch(id, { status: 'open' })).warnings).toMatchObject([{ title: 'Pottery' }]);
    expect(await doubleBooked()).toHaveLength(2);
  });

  test('is flagged once for a request that is sent twice', async () => {
    await harness.openClass();
    const headers = { ...coordinator, 'idempotency-key': uuidv7() };
    const answers = [await open({ room: 'Workshop' }, headers), await open({ room: 'Workshop' }, headers)];
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
    const send = async () =>
      (
        await harness.app.inject({
          method: 'POST',
          url: '/api/classes/import',
          headers: { ...coordinator, 'content-type': 'text/csv' },
          payload: csv,
        })
      ).json();
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

  test('is found in the indexes of rooms and teachers', async () => {
    const { id } = await harness.openClass();
    const plan = await harness.database.transaction(async (trx) => {
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
});
