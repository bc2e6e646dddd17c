import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';
import { createClasses } from '../../src/timetable/create-class.ts';
import { flagDoubleBookings } from '../../src/timetable/flag-double-bookings.ts';
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
  await harness.rows('delete from class_jobs');
});
afterAll(() => harness.close());

const send = async (payload: string | Buffer, headers: Record<string, string> = {}, query = '') => {
  const response = await harness.importing(payload, { ...coordinator, ...headers }, query);
  return { status: response.statusCode, ...response.json() };
};

const header = 'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price';
const row = (change: Partial<Record<string, string>> = {}): string => {
  const cells: Record<string, string> = {
    title: 'Chess',
    teacher: 'Ada',
    subject: 'games',
    room: 'Hall',
    weekday: 'monday',
    start: '09:00',
    end: '10:00',
    first_day: '2027-01-11',
    last_day: '2027-05-17',
    age_min: '6',
    age_max: '12',
    capacity: '8',
    price: '145.00',
    ...change,
  };
  return header
    .split(',')
    .map((name) => cells[name])
    .join(',');
};
const file = (...rows: string[]): string => [header, ...rows, ''].join('\n');
const counts = ({ created, updated, unchanged, rejected }: Awaited<ReturnType<typeof send>>) => [
  created,
  updated,
  unchanged,
  rejected.length,
];

describe('POST /api/classes/import', () => {
  test('imports the co-op’s own timetable, and a second import changes nothing', async () => {
    const timetable = readFileSync(new URL('../../../../tools/journey/seed/classes.csv', import.meta.url));
    const lines = timetable.toString().trim().split('\n').length - 1;
    expect(counts(await send(timetable))).toEqual([lines, 0, 0, 0]);
    const before = await harness.rows('select * from classes order by class_id');
    const events = await harness.rows('select from outbox');
    expect(counts(await send(timetable))).toEqual([0, 0, lines, 0]);
    expect(await harness.rows('select * from classes order by class_id')).toEqual(before);
    expect(await harness.rows('select from outbox')).toHaveLength(events.length);
  });

  test('imports good rows, and reports where and why bad ones were rejected', async () => {
    const report = await send(
      file(
        row(),
        row({ title: '' }),
        row({ title: 'A', weekday: 'lundi' }),
        row({ title: 'B', first_day: '2027-02-30' }),
        row({ title: 'C', price: '-5.00' }),
        row({ title: 'D', capacity: 'many' }),
        row({ title: 'E', end: '08:00' }),
        'too,few',
        row(),
        row({ title: 'F', age_min: '13' }),
        row({ title: 'Last', weekday: 'Friday', price: '0' }),
        row({ title: 'D4', last_day: '2027-01-15', weekday: 'sunday' }),
      ),
    );
    expect(report).toMatchObject({
      status: 200,
      created: 2,
      updated: 0,
      unchanged: 0,
      warnings: [],
      rejected: [
        { line: 3, field: 'title', reason: 'is required' },
        { line: 4, field: 'weekday', reason: expect.any(String) },
        { line: 5, field: 'first_day', reason: expect.any(String) },
        { line: 6, field: 'price', reason: 'Unknown amount "-5.00". Use an amount such as 145.00.' },
        { line: 7, field: 'capacity', reason: 'Unknown number "many". Use a whole number such as 12.' },
        { line: 8, field: 'end', reason: 'must be after the start time' },
        { line: 9, reason: expect.stringContaining('has 2 cells where the header has 13') },
        { line: 10, field: 'title', reason: expect.stringContaining('is the same class as line 2') },
        { line: 11, field: 'age_max', reason: 'must not be below the lowest age' },
        {
          line: 13,
          field: 'weekday',
          reason:
            'No Sunday from January 11, 2027 to January 15, 2027. Change the weekday, the first day, or the last day.',
        },
      ],
    });
    expect(await harness.rows('select title, price_cents, time_zone from classes order by title')).toEqual([
      { title: 'Chess', price_cents: 14_500, time_zone: 'America/Chicago' },
      { title: 'Last', price_cents: 0, time_zone: 'America/Chicago' },
    ]);
  });

  test('changes what differs in the file, promotes, and never goes below the seats that are taken', async () => {
    await send(file(row({ capacity: '1' })));
    const [{ id }] = (await harness.rows<{ id: string }>('select class_id as id from classes')) as [{ id: string }];
    for (const child of await harness.children(3)) await harness.enroll(child, id);
    expect(counts(await send(file(row({ capacity: '2', room: 'Barn' }))))).toEqual([0, 1, 0, 0]);
    expect((await harness.app.inject({ url: `/api/classes/${id}` })).json()).toMatchObject({
      room: 'Barn',
      seatsLeft: 0,
      waitlisted: 1,
    });
    expect(await send(file(row({ capacity: '1', room: 'Barn' }), row({ title: 'New' })))).toMatchObject({
      status: 200,
      created: 1,
      updated: 0,
      unchanged: 0,
      rejected: [
        {
          line: 2,
          field: 'capacity',
          reason: '2 seats are taken. Cancel enrollments first, or set the capacity to 2 or more.',
        },
      ],
      warnings: [expect.objectContaining({ line: 3, code: 'teacher_double_booked', classId: id })],
    });
  });

  describe('D1: an import never moves a class to another term', () => {
    const autumn = { first_day: '2027-09-06', last_day: '2027-12-13', price: '180.00', capacity: '20', room: 'Barn' };

    test('a row for other dates is rejected, and enrolled children stay in spring at their price', async () => {
      await send(file(row({ capacity: '1' })));
      const [{ id }] = (await harness.rows<{ id: string }>('select class_id as id from classes')) as [{ id: string }];
      for (const child of await harness.children(2)) await harness.enroll(child, id);
      const state = async (): Promise<unknown[]> => [
        await harness.rows('select * from classes'),
        await harness.rows('select * from enrollments where class_id = $1 order by enrollment_id', id),
        await harness.rows('select * from charges order by enrollment_id'),
        await harness.rows('select slots from children order by child_id'),
        await harness.rows('select id from outbox order by sequence'),
      ];
      const before = await state();

      expect(await send(file(row(autumn)))).toMatchObject({
        status: 200,
        created: 0,
        updated: 0,
        unchanged: 0,
        rejected: [
          {
            line: 2,
            field: 'first_day',
            reason:
              'A class with this title, teacher, day, and time runs from 2027-01-11 to 2027-05-17. ' +
              'Give the new one another title, or change that class.',
          },
        ],
      });
      expect(await state()).toEqual(before);
    });

    test('the other rows of the file are imported, also the same class under another title', async () => {
      await send(file(row()));
      const report = await send(file(row(autumn), row({ ...autumn, title: 'Chess in autumn' })));
      expect(counts(report)).toEqual([1, 0, 0, 1]);
      expect(await harness.rows('select title, first_day::text from classes order by first_day')).toEqual([
        { title: 'Chess', first_day: '2027-01-11' },
        { title: 'Chess in autumn', first_day: '2027-09-06' },
      ]);
    });

    test('a row whose dates overlap changes the class, by one shared day too', async () => {
      await send(file(row()));
      expect(counts(await send(file(row({ first_day: '2027-05-17', last_day: '2027-07-05' }))))).toEqual([0, 1, 0, 0]);
      expect(counts(await send(file(row({ first_day: '2027-07-06', last_day: '2027-08-02' }))))).toEqual([0, 0, 0, 1]);
    });
  });

  test('reads the formats of spreadsheets', async () => {
    const quoted = `\ufeff${header}\r\n${row({ title: '"Chess, ""fast"""' })}\r\n`;
    expect(counts(await send(quoted))).toEqual([1, 0, 0, 0]);
    expect(await harness.rows('select title from classes')).toEqual([{ title: 'Chess, "fast"' }]);
  });

  test.each([
    ['a missing column', 'title\nChess\n'],
    ['a column twice', `${header},title\n${row()},x\n`],
    ['no header', ''],
    ['another encoding', Buffer.from([0xff, 0xfe, 0x74, 0x00])],
  ])('refuses a file with %s as a whole', async (_, payload) => {
    expect(await send(payload)).toMatchObject({ status: 422, code: 'unreadable_csv' });
    expect(await harness.rows('select from classes')).toEqual([]);
  });

  test('D14: a mistake in a cell is reported in plain English', async () => {
    const { rejected } = await send(file(row({ capacity: '5000' }), row({ age_max: '200' }), row({ title: '' })));
    expect(rejected).toEqual([
      { line: 2, field: 'capacity', reason: 'must be at most 1000', value: '5000' },
      { line: 3, field: 'age_max', reason: 'must be at most 120', value: '200' },
      { line: 4, field: 'title', reason: 'is required' },
    ]);
  });

  test('D12: reads a timetable as a European Excel writes it', async () => {
    const csv = [
      'Class Title;Instructor;Subject;Room;Day;Start Time;End Time;Start Date;End Date;Min Age;Max Age;Seats;Fee;Mascot',
      'Chess;Inês;games;Hall;Mon;9:00;10:30 AM;1/11/2027;5/17/2027;6;12;8;145,00;red',
      ';;;;;;;;;;;;;',
    ].join('\r\n');
    const report = await send(Buffer.from(csv, 'latin1'));
    expect(report).toMatchObject({
      created: 1,
      rejected: [],
      encoding: 'windows-1252',
      delimiter: 'semicolon',
      ignoredColumns: [{ name: 'Mascot' }],
    });
    const text = 'select title, teacher, weekday, start_time, end_time, first_day::text, price_cents from classes';
    expect(await harness.rows(text)).toEqual([
      {
        title: 'Chess',
        teacher: 'Inês',
        weekday: 'monday',
        start_time: '09:00',
        end_time: '10:30',
        first_day: '2027-01-11',
        price_cents: 14_500,
      },
    ]);
  });

  test('D12: a preview reports row by row what the import does, and writes nothing', async () => {
    await send(file(row(), row({ title: 'Same' })));
    const csv = file(
      row({ room: 'Barn' }),
      row({ title: 'Same' }),
      row({ title: 'New' }),
      row({ title: 'Bad', end: 'x' }),
    );
    const state = async () => [
      await harness.rows('select * from classes order by title'),
      await harness.rows('select id from outbox'),
    ];
    const before = await state();
    const preview = await send(csv, {}, '?preview=true');
    expect(await state()).toEqual(before);
    const { rows, ...done } = await send(csv);
    expect(preview).toEqual({
      ...done,
      preview: true,
      rows: rows.map(({ id, ...rest }: { id?: string; action: string }) =>
        rest.action === 'created' || id === undefined ? rest : { id, ...rest },
      ),
      warnings: expect.any(Array),
    });
    expect(rows).toMatchObject([
      { line: 2, action: 'updated', id: expect.any(String) },
      { line: 3, action: 'unchanged', id: expect.any(String) },
      { line: 4, action: 'created', id: expect.any(String) },
      { line: 5, action: 'rejected', field: 'end', value: 'x' },
    ]);
  });

  test('a preview shows the differences, old and new', async () => {
    await send(file(row()));
    const { rows } = await send(file(row({ room: 'Barn', price: '150' })), {}, '?preview=true');
    expect(rows).toEqual([
      {
        line: 2,
        action: 'updated',
        id: expect.any(String),
        changes: [
          { field: 'room', from: 'Hall', to: 'Barn' },
          { field: 'price', from: '145.00', to: '150.00' },
        ],
      },
    ]);
  });

  test('is written in a number of round trips that does not depend on the number of rows', async () => {
    const many = (rows: number, change: Record<string, string> = {}): string =>
      file(
        ...Array.from({ length: rows }, (_, n) =>
          row({ title: `Chess ${n}`, teacher: `T${n}`, room: `R${n}`, ...change }),
        ),
      );
    const namesOf = async (csv: string): Promise<readonly string[]> =>
      (await harness.counter.during(() => harness.importNow(csv))).names;
    expect(await namesOf(many(400))).toEqual([
      'begin',
      'classes_by_natural_key',
      'classes_insert',
      'outbox_append',
      'bookings_delete',
      'classes_sharing',
      'bookings_insert',
      'commit',
    ]);
    expect(await namesOf(many(400, { subject: 'chess' }))).toEqual([
      'begin',
      'classes_by_natural_key',
      'classes_lock',
      'classes_update',
      'outbox_append',
      'commit',
    ]);
    expect(await namesOf(many(400, { subject: 'chess' }))).toEqual(['begin', 'classes_by_natural_key', 'commit']);
  });

  describe('keeps the rules of changes by hand', () => {
    const idOf = async (title: string): Promise<string> =>
      (await harness.rows<{ id: string }>('select class_id as id from classes where title = $1', title))[0]!.id;
    const booked = () =>
      harness.rows(
        `select c.title, b.resource, b.name_key, b.override_reason is not null as shared
          from bookings b join classes c using (class_id) order by c.title, b.resource`,
      );
    const booking = (title: string, room: string, teacher: string) => [
      { title, resource: 'room', name_key: room, shared: false },
      { title, resource: 'teacher', name_key: teacher, shared: false },
    ];

    test('every class that it opens or moves has its room and its teacher, also when two change places', async () => {
      const [a, b] = [
        { title: 'A', teacher: 'Ada', room: 'Hall' },
        { title: 'B', teacher: 'Bob', room: 'Barn' },
      ];
      await send(file(row(a), row(b)));
      expect(await booked()).toEqual([...booking('A', 'hall', 'ada'), ...booking('B', 'barn', 'bob')]);
      expect(await send(file(row({ ...a, room: 'Barn' }), row({ ...b, room: 'Hall' })))).toMatchObject({
        updated: 2,
        warnings: [],
      });
      expect(await booked()).toEqual([...booking('A', 'barn', 'ada'), ...booking('B', 'hall', 'bob')]);
    });

    test('a class that a row closes frees its room and its teacher, and one that it opens again has them', async () => {
      const withStatus = (status: string) => `${header},status\n${row()},${status}\n`;
      await send(withStatus('open'));
      expect(counts(await send(withStatus('closed')))).toEqual([0, 1, 0, 0]);
      expect(await booked()).toEqual([]);
      expect(counts(await send(withStatus('open')))).toEqual([0, 1, 0, 0]);
      expect(await booked()).toEqual(booking('Chess', 'hall', 'ada'));
    });

    test('a room that another request has just booked is reported, and shared', async () => {
      let importing: ReturnType<typeof send> | undefined;
      await harness.db.transaction(async (trx) => {
        const details = { weekday: 'monday', startTime: '09:00', endTime: '10:00', firstDay: '2027-01-11' } as const;
        const [first] = await createClasses(trx, [{ ...pottery, ...details, title: 'First', room: 'Hall' }]);
        await flagDoubleBookings(trx, [first!]);
        importing = send(file(row()));
        await waitFor('the import to wait for the booking', async () => {
          const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
          return (await harness.rows(waiting)).length > 0;
        });
      });
      expect(await importing).toMatchObject({ created: 1, warnings: [{ line: 2, title: 'First' }] });
      expect(await booked()).toContainEqual({ title: 'Chess', resource: 'room', name_key: 'hall', shared: true });
    });

    test('families are notified of another room, and of nothing else; nobody is in an empty class', async () => {
      const empty = { title: 'Empty', teacher: 'Bob', room: 'Barn' };
      await send(file(row(), row(empty)));
      const [child] = await harness.children(1);
      await harness.enroll(child!, await idOf('Chess'));
      await send(file(row({ subject: 'chess' }), row({ ...empty, room: 'Loft' })));
      expect(await harness.rows('select from class_jobs')).toEqual([]);
      await send(file(row({ subject: 'chess', room: 'Studio' }), row({ ...empty, room: 'Loft' })));
      const text = `select class_id as id, kind, details -> 'before' ->> 'room' as before, details -> 'after' ->> 'room' as after
        from class_jobs`;
      expect(await harness.rows(text)).toEqual([
        { id: await idOf('Chess'), kind: 'reschedule', before: 'Hall', after: 'Studio' },
      ]);
    });

    test('a canceled class stays as it is, and the other rows are imported', async () => {
      await send(file(row()));
      const url = `/api/classes/${await idOf('Chess')}/cancel`;
      await harness.app.inject({ method: 'POST', url, headers: coordinator, payload: { reason: 'Ada is ill' } });
      const before = await harness.rows('select * from classes');
      expect(await send(file(row(), row({ title: 'Go', teacher: 'Bob' })))).toMatchObject({
        created: 1,
        rejected: [{ line: 2, field: 'title', value: 'Chess', reason: 'Chess is canceled. Open another class.' }],
        warnings: [],
      });
      expect(await harness.rows(`select * from classes where title = 'Chess'`)).toEqual(before);
      expect(await booked()).toEqual(booking('Go', 'hall', 'bob'));
    });
  });

  test('a class with seats changes all the same, and its children’s hours move with it', async () => {
    await send(file(row()));
    const [{ id }] = (await harness.rows<{ id: string }>('select class_id as id from classes')) as [{ id: string }];
    const [child] = await harness.children(1);
    await harness.enroll(child!, id);
    expect(counts(await send(file(row({ end: '10:30' }))))).toEqual([0, 1, 0, 0]);
    expect(
      await harness.rows(`select slots -> 0 ->> 'endTime' as ends from children where child_id = $1`, child!.id),
    ).toEqual([{ ends: '10:30' }]);
  });

  test('a job whose report is written with its classes is not imported again', async () => {
    const headers = { ...coordinator, 'content-type': 'text/csv' };
    const sent = await harness.app.inject({
      method: 'POST',
      url: '/api/classes/import',
      headers,
      payload: file(row()),
    });
    expect(sent.statusCode).toBe(202);
    const done = { report: { created: 7 }, changed: [] };
    await harness.rows(
      `insert into import_batches (import_id, batch, outcome) values ($1, 0, $2)`,
      sent.json().id,
      done,
    );
    await harness.runImports();
    expect(await harness.rows('select from classes')).toEqual([]);
    expect(await harness.rows('select status, result from import_jobs where import_id = $1', sent.json().id)).toEqual([
      { status: 'done', result: { created: 7 } },
    ]);
  });

  test('refuses other types, and files that are too large', async () => {
    expect((await send('{}', { 'content-type': 'application/json' })).status).toBe(415);
    expect((await send('x'.repeat(8 * 1024 * 1024 + 1))).status).toBe(413);
  });
});
