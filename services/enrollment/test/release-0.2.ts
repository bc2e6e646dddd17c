import type { CoopDatabase, CoopQueryable, CoopTransaction, Statement } from '@homeroom/postgres';

/*
 * The statements of version 0.2 that read or write the counters of a class, which it has in `classes`, and those that insert
 * rows: it knows no co-ops. They are what old processes run beside new ones during an upgrade and after a rollback, so they
 * never change.
 */

const classJson = `json_build_object('id', c.class_id, 'version', c.version, 'title', c.title, 'description', c.description,
  'subject', c.subject, 'teacher', c.teacher, 'room', c.room, 'weekday', c.weekday, 'startTime', c.start_time,
  'endTime', c.end_time, 'firstDay', c.first_day, 'lastDay', c.last_day, 'timeZone', c.time_zone, 'ageMin', c.age_min,
  'ageMax', c.age_max, 'capacity', c.capacity, 'priceCents', c.price_cents, 'currency', c.currency, 'status', c.status,
  'seatsLeft', c.capacity - c.taken, 'waitlisted', c.waitlisted)`;

const childJson = `json_build_object('id', ch.child_id, 'familyId', ch.family_id, 'version', ch.version, 'name', ch.name,
  'birthDate', ch.birth_date, 'removed', ch.removed, 'slots', ch.slots)`;

const activeHere =
  "exists (select from enrollments e where e.class_id = $1 and e.child_id = $2 and e.status <> 'cancelled')";

const lockedClass = 'class as materialized (select * from classes where class_id = $1 for no key update)';

const isAsKnown = `class.version = $5 and class.status = 'open' and not ${activeHere}
  and ch.child_id = $2 and ch.family_id = $3 and ch.version = $4 and not ch.removed and not exists (
    select from jsonb_to_recordset(ch.slots)
      as s(weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date)
    where s.weekday = class.weekday and s."startTime" < class.end_time and class.start_time < s."endTime"
      and s."firstDay" <= class.last_day and class.first_day <= s."lastDay")`;

const claimed = (from: string, body: string): string => `, claimed as (
  insert into idempotency_keys (principal, key, request_hash, status, body)
  select $18::text, $19::text, $20::text, $21::int, ${body} from ${from}
)`;

const written = (
  from: string,
  values: { status: string; number: string; data: string; payload: string },
  claim: string,
): string => `
happened as (
  insert into enrollment_events (enrollment_id, version, type, data, occurred_at)
  select $6, 1, $8, ${values.data}, $7 from ${from}
), enrolled as (
  insert into enrollments (enrollment_id, version, class_id, child_id, family_id, status, amount_cents,
    waitlist_number, price_cents, currency, created_at, updated_at)
  select $6, 1, $1, $2, $3, ${values.status}, $10, ${values.number}, $11, $12, $7, $7 from ${from}
), published as (
  insert into outbox (id, topic, key, headers, payload) select $13::uuid, $14, $15, $16::jsonb, ${values.payload} from ${from}
)${claim}
select written.done, ${from === 'place' ? '(select position from place)' : 'null::int'} as position,
  case when not written.done then (select ${classJson} from class c) end as class
from (select exists (select from ${from}) as done) written`;

const seatText = (claim: string): string => `with ${lockedClass}, child as (
      update children ch set slots = ch.slots || jsonb_build_object('classId', class.class_id, 'weekday', class.weekday,
        'startTime', class.start_time, 'endTime', class.end_time, 'firstDay', class.first_day, 'lastDay', class.last_day)
      from class where ${isAsKnown} and class.waitlisted = 0 and class.taken < class.capacity
      returning ch.child_id
    ), seat as (
      update classes set taken = class.taken + 1 from class, child where classes.class_id = $1 returning classes.taken
    ), owed as (
      insert into charges (enrollment_id, amount_cents, currency)
      select $6, price_cents, currency from class, seat where price_cents > 0
    ), ${written(
      'seat',
      {
        status: `case when $10::int > 0 then 'payment_pending' else 'enrolled' end`,
        number: 'null',
        data: '$9::jsonb',
        payload: '$17::bytea',
      },
      claim,
    )}`;

const placeText = (claim: string): string => `with ${lockedClass}, child as (
      select ch.child_id from children ch, class
      where ${isAsKnown} and (class.waitlisted > 0 or class.taken >= class.capacity)
    ), place as (
      update classes set waitlisted = class.waitlisted + 1, last_number = class.last_number + 1
      from class, child where classes.class_id = $1
      returning classes.waitlisted as position, classes.last_number as number
    ), ${written(
      'place',
      {
        status: `'waitlisted'`,
        number: 'place.number',
        data: `$9::jsonb || jsonb_build_object('position', place.position, 'waitlistNumber', place.number)`,
        payload: `convert_to((convert_from($17::bytea, 'UTF8')::jsonb
        || jsonb_build_object('position', place.position))::text, 'UTF8')`,
      },
      claim,
    )}`;

const columns = `title, description, subject, teacher, room, weekday, start_time, end_time, first_day, last_day, time_zone,
  age_min, age_max, capacity, price_cents, currency, status`;

const outboxColumns = 'id, topic, key, headers, payload';

const texts: Readonly<Record<string, string>> = {
  enroll_seat: seatText(''),
  enroll_seat_keyed: seatText(claimed('seat', '$22::text')),
  enroll_waitlist: placeText(''),
  enroll_waitlist_keyed: placeText(
    claimed('place', `($22::jsonb || jsonb_build_object('position', place.position))::text`),
  ),
  enroll_facts: `select (select ${classJson} from classes c where c.class_id = $1) as class,
    (select ${childJson} from children ch where ch.child_id = $2) as child, ${activeHere} as active,
    exists (select from families f where f.family_id = $3) as "familyKnown"`,
  class_text: `select ${classJson}::text as text from classes c where class_id = $1`,
  class_lock: `select ${classJson} as class from classes c where class_id = $1 for no key update`,
  class_update: `update classes c set version = c.version + 1, (title, description, subject, teacher, room, weekday,
      start_time, end_time, first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status)
      = row(d.title, d.description, d.subject, d.teacher, d.room, d.weekday, d.start_time, d.end_time, d.first_day,
      d.last_day, d.time_zone, d.age_min, d.age_max, d.capacity, d.price_cents, d.currency, d.status)
    from jsonb_populate_record(null::classes, $1::jsonb) d where c.class_id = d.class_id returning ${classJson} as class`,
  classes_insert: `insert into classes (class_id, version, ${columns})
    select d.class_id, 1, ${columns
      .split(',')
      .map((column) => `d.${column.trim()}`)
      .join(', ')}
    from jsonb_populate_recordset(null::classes, $1::jsonb) d
    on conflict (title, teacher, weekday, start_time) do nothing
    returning class_id as id`,
  family_save: `with given as (
      select * from jsonb_to_recordset($5::jsonb) as g("childId" uuid, name text, "birthDate" date)
    ), newer as (
      insert into families (family_id, version, name, guardians) values ($1, $2, $3, $4)
      on conflict (family_id) do update
        set version = excluded.version, name = excluded.name, guardians = excluded.guardians
        where families.version < excluded.version
      returning version
    ), upserted as (
      insert into children (child_id, family_id, version, name, birth_date)
      select "childId", $1, newer.version, name, "birthDate" from given, newer
      on conflict (child_id) do update
        set version = excluded.version, name = excluded.name, birth_date = excluded.birth_date, removed = false
        where (children.name, children.birth_date, children.removed)
          is distinct from (excluded.name, excluded.birth_date, false)
      returning xmax <> 0 as was_known
    ), removals as (
      update children set removed = true, version = newer.version from newer
      where family_id = $1 and not removed and child_id not in (select "childId" from given)
      returning child_id
    )
    select exists (select from upserted where was_known) or exists (select from removals) as changed`,
  charge_open: 'insert into charges (enrollment_id, amount_cents, currency) values ($1, $2, $3)',
  claim_idempotency_key: `insert into idempotency_keys (principal, key, request_hash) values ($1, $2, $3)
    on conflict (principal, key) do update set key = excluded.key
    returning request_hash, body, xmax = 0 as fresh`,
  store_idempotent_response: 'update idempotency_keys set status = $3, body = $4 where principal = $1 and key = $2',
  find_idempotent_response: 'select request_hash, body from idempotency_keys where principal = $1 and key = $2',
  inbox_receive: 'insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing',
  outbox_append: `insert into outbox (${outboxColumns})
    select ${outboxColumns}
    from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::bytea[]) with ordinality
      as event (${outboxColumns}, place)
    order by place`,
  class_count: 'update classes set taken = taken + $2, waitlisted = waitlisted + $3 where class_id = $1',
};

const translated = (statement: Statement): Statement => {
  const { name, values = [] } = statement;
  const text = texts[name];
  if (text === undefined) return statement;
  // that version knows no co-ops, and in enrolling not the class's hours, the 13th of the others
  const known = values.slice(1);
  const isWrite = /^enroll_(seat|waitlist)/.test(name);
  return { name: `${name}_0_2`, text, values: isWrite ? known.toSpliced(12, 1) : known };
};

const asOld = <Db extends CoopQueryable>(db: Db): Db => ({
  ...db,
  query: <Row>(statement: Statement) => db.query<Row>(translated(statement)),
});

/** A process of version 0.2, as far as the counters of classes go: the same use-cases with the statements of that version. */
export const asRelease02 = (db: CoopDatabase): CoopDatabase => ({
  ...asOld(db),
  transaction: (work, ...options) => db.transaction((trx: CoopTransaction) => work(asOld(trx)), ...options),
});
