// The first co-op, of any size, written directly into enrollment's tables.
import { firstCoopId } from '@homeroom/contracts';
import { withClient } from '@homeroom/testing';

/**
 * @param classes the number of classes that are only read. Forty more are open for enrollment, five days and eight hours a day,
 * so that a child can be in all of them.
 */
export async function seedCoOp(
  url: string,
  { classes, families, childrenPerFamily }: Record<'classes' | 'families' | 'childrenPerFamily', number>,
): Promise<void> {
  await withClient(url, async (client) => {
    const id = (prefix: string, n: string): string =>
      `('0199f2a0-${prefix}-7000-8000-' || lpad(${n}::text, 12, '0'))::uuid`;
    const columns = `(coop_id, class_id, version, title, description, subject, teacher, room, weekday, start_time, end_time, first_day, last_day,
      time_zone, age_min, age_max, capacity, price_cents, currency, status)`;
    await client.query(
      `insert into classes ${columns}
       select $2, ${id('0001', 'n')}, 1, 'Class ' || n, repeat('What we do together, week after week. ', 4), 'art', 'Ines Duarte', 'Workshop',
         'tuesday', '10:00', '11:30', '2027-01-11', '2027-05-21', 'America/Chicago', 7, 11, 12, 8500, 'USD', 'open'
       from generate_series(1, $1::int) n`,
      [classes, firstCoopId],
    );
    await client.query(
      `insert into classes ${columns}
       select $1, ${id('0002', 'n')}, 1, 'Open class ' || n,
         'Pinch, coil, and slab. Everything is fired and comes home; clay and glazes are included.', 'art', 'Ines Duarte', 'Hall',
         (array['monday', 'tuesday', 'wednesday', 'thursday', 'friday'])[n % 5 + 1],
         lpad((8 + n / 5)::text, 2, '0') || ':00', lpad((8 + n / 5)::text, 2, '0') || ':50', '2027-01-11', '2027-05-21',
         'America/Chicago', 0, 18, 1000000, 8500, 'USD', 'open'
       from generate_series(0, 39) n`,
      [firstCoopId],
    );
    await client.query(
      `insert into families (coop_id, family_id, version, name, guardians)
       select $2, ${id('0003', 'n')}, 1, 'Family ' || n, '[]' from generate_series(1, $1::int) n`,
      [families, firstCoopId],
    );
    await client.query(
      `insert into children (coop_id, child_id, family_id, version, name, birth_date)
       select $3, ${id('0004', 'n')}, ${id('0003', '((n - 1) / $2::int + 1)')}, 1, 'Child ' || n, '2017-04-02' from generate_series(1, $1::int) n`,
      [families * childrenPerFamily, childrenPerFamily, firstCoopId],
    );
    // the textbook keeps its counters in the class, has none of our triggers, and its keys and indexes name no co-op
    await client.query(`create table baseline_classes (like classes including all);
      alter table baseline_classes drop constraint baseline_classes_pkey, add primary key (class_id);
      create index on baseline_classes (title, class_id);
      create index on baseline_classes using gin (search);
      create index on baseline_classes (booking_key(room), weekday) where status = 'open';
      create index on baseline_classes (booking_key(teacher), weekday) where status = 'open'`);
    await client.query(`insert into baseline_classes ${columns} select ${columns.slice(1, -1)} from classes`);
    // drops our indexes with it
    await client.query('alter table baseline_classes drop column coop_id');
    await client.query(
      'create table baseline_enrollments (id bigint generated always as identity primary key, class_id uuid, child_id uuid)',
    );
    await client.query('create index on baseline_enrollments (class_id, child_id)');
    await client.query(
      'create table baseline_outbox (id bigint generated always as identity primary key, payload jsonb)',
    );
    await client.query('analyze classes, class_seats, baseline_classes, families, children');
  });
}

const idOf = (prefix: string, n: number): string => `0199f2a0-${prefix}-7000-8000-${String(n).padStart(12, '0')}`;

export const readClassId = (n: number): string => idOf('0001', n + 1);
export const openClassId = (n: number): string => idOf('0002', n);
export const familyId = (n: number): string => idOf('0003', n + 1);
export const childId = (n: number): string => idOf('0004', n + 1);
