import { Closing, createTestDatabase, openTestDatabase } from '@homeroom/testing';
import { afterAll, expect, test } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { v7 as uuidv7 } from 'uuid';
import { pottery } from '../harness.ts';

const closing = new Closing();
afterAll(() => closing.closeAll());

const folder = new URL('../../migrations/', import.meta.url);
const sqlOf = (file: string): Promise<string> => readFile(new URL(file, folder), 'utf8');

test('double bookings from before the migration keep their place, with a reason; everything else is booked once', async () => {
  const files = (await readdir(folder)).sort();
  const at = files.findIndex((file) => file.endsWith('_canceled_and_moved_classes.sql'));
  const migrations = await Promise.all(files.slice(0, at).map(sqlOf));
  const testDatabase = closing.add(await createTestDatabase({ migrations }, { replica: false }), (it) => it.drop());
  const database = closing.add(openTestDatabase(testDatabase), (it) => it.close());
  const rows = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await database.query<Row>({ name: '', text, values })).rows;
  const old = async (title: string, change: object): Promise<void> => {
    const { room, teacher, weekday, firstDay, lastDay, status } = { ...pottery, teacher: title, ...change };
    await rows(
      `insert into classes (class_id, version, title, description, subject, teacher, room, weekday, start_time, end_time,
        first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status)
      values ($1, 1, $2, '', 'art', $3, $4, $5, '10:00', '11:30', $6, $7, 'UTC', 7, 11, 3, 0, 'USD', $8)`,
      [uuidv7(), title, teacher, room, weekday, firstDay, lastDay, status],
    );
  };
  await old('first', {});
  await old('second', { room: ' work SHOP' });
  await old('elsewhere', { room: 'Barn' });
  await old('closed', { status: 'closed' });
  await old('without a meeting', { weekday: 'monday', firstDay: '2027-01-12', lastDay: '2027-01-13' });
  // the ranges of days overlap, and no tuesday is in both
  await old('after the last meeting', { firstDay: '2027-05-15', lastDay: '2027-05-17' });
  await old('another day', { weekday: 'friday' });

  await database.transaction(async (trx) => {
    for (const text of (await sqlOf(files[at]!)).split(/;\n(?=\n|alter|create|with|--)/)) {
      await trx.query({ name: '', text });
    }
  });
  expect(
    await rows(
      `select title, string_agg(resource, ' ' order by resource) as booked,
        string_agg(resource, ' ' order by resource) filter (where override_reason is not null) as shared
      from bookings join classes using (class_id) group by title order by min(class_id::text)`,
    ),
  ).toEqual([
    { title: 'first', booked: 'room teacher', shared: null },
    { title: 'second', booked: 'room teacher', shared: 'room' },
    { title: 'elsewhere', booked: 'room teacher', shared: null },
    { title: 'another day', booked: 'room teacher', shared: null },
  ]);
});
