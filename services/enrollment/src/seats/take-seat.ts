import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import { claimCte, claimParameters, type CoopQueryable } from '@homeroom/postgres';
import { slotOf } from '../classes/class.ts';
import { classJson } from '../classes/columns.ts';
import type { ClassView } from '../classes/schemas.ts';
import { publish, type EventOf, type Unplaced } from './enrollment.ts';
import { dataOf } from './store.ts';

/*
 * Enrolling is one statement. It locks the class's seats, checks on the locked row everything that the decision was based
 * on, and writes counters, child, history, read model, charge, and outbox together or not at all. When a guard refuses,
 * the same answer returns the class as it is now.
 *
 * The class's details are not read: a decision on their current version has them, and the row of the seats has the version.
 */

/** Whether the child $3 has a seat or a waitlist place in the class $2 of the co-op $1. */
export const activeHere = `exists (select from enrollments e
  where e.coop_id = $1 and e.class_id = $2 and e.child_id = $3 and e.status <> 'cancelled')`;

/** The child has not changed since the decision, and is free at the class's hours $14: `overlaps` in SQL. */
const childIsFree = `ch.coop_id = $1 and ch.child_id = $3 and ch.family_id = $4 and ch.version = $5 and not ch.removed and not exists (
  select from jsonb_to_record($14::jsonb)
      as wanted(weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date),
    jsonb_to_recordset(ch.slots)
      as s(weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date)
  where s.weekday = wanted.weekday and s."startTime" < wanted."endTime" and wanted."startTime" < s."endTime"
    and s."firstDay" <= wanted."lastDay" and wanted."firstDay" <= s."lastDay")`;

const classIsAsKnown = `seats.version = $6 and not ${activeHere}`;

// Counting continues from this row. An update that counted from the row in its snapshot would first try the value from
// before it waited for the lock, and the CHECK would refuse a seat that a cancellation has just freed.
const lockedSeats = (where: string): string => `seats as materialized (
  select version, capacity, taken, waitlisted, last_number from class_seats
  where coop_id = $1 and ${where} for no key update
)`;

const written = (from: string, status: string, number: string, data: string, payload: string): string => `
happened as (
  insert into enrollment_events (coop_id, enrollment_id, version, type, data, occurred_at)
  select $1, $7, 1, $9, ${data}, $8 from ${from}
), enrolled as (
  insert into enrollments (coop_id, enrollment_id, version, class_id, child_id, family_id, status, amount_cents,
    waitlist_number, price_cents, currency, created_at, updated_at)
  select $1, $7, 1, $2, $3, $4, ${status}, $11, ${number}, $12, $13, $8, $8 from ${from}
), published as (
  insert into outbox (coop_id, ${OUTBOX_COLUMNS}) select $1, $15::uuid, $16, $17, $18::jsonb, ${payload} from ${from}
)`;

/**
 * The class, for deciding again, with the seats as they were when locked; null when its details have changed while the
 * statement waited. Reading all the facts would make every enrollment cost a quarter more.
 */
const answer = (from: string, position: string): string => `
select written.done, ${position} as position, case when not written.done then (
    select ${classJson('c', 'seats')} from classes c, seats
    where c.coop_id = $1 and c.class_id = $2 and c.version = seats.version
  ) end as class
from (select exists (select from ${from}) as done) written`;

/** Number of the first parameter of a claimed key, and the parameter that holds its answer. */
const claimFrom = 20;
const claimBody = `$${claimFrom + 4}`;

const seatText = (claimed: string): string => `with ${lockedSeats('class_id = $2')}, child as (
  update children ch set slots = ch.slots || $14::jsonb from seats
  where ${classIsAsKnown} and seats.waitlisted = 0 and seats.taken < seats.capacity and ${childIsFree}
  returning ch.child_id
), seat as (
  update class_seats set taken = seats.taken + 1 from seats, child
  where class_seats.coop_id = $1 and class_seats.class_id = $2
  returning class_seats.taken
), owed as (
  insert into charges (coop_id, enrollment_id, amount_cents, currency)
  select $1, $7, $11, $13 from seat where $11::int > 0
), ${written('seat', `case when $11::int > 0 then 'payment_pending' else 'enrolled' end`, 'null', '$10::jsonb', '$19::bytea')}${claimed}
${answer('seat', 'null::int')}`;

// The class is locked only because the counters of older versions follow: its lock comes before that of its seats.
const placeText = (claimed: string): string => `with class as materialized (
  select class_id from classes where coop_id = $1 and class_id = $2 for no key update
), ${lockedSeats('class_id = (select class_id from class)')}, child as (
  select ch.child_id from children ch, seats
  where ${classIsAsKnown} and (seats.waitlisted > 0 or seats.taken >= seats.capacity) and ${childIsFree}
), place as (
  update class_seats set waitlisted = seats.waitlisted + 1, last_number = seats.last_number + 1
  from seats, child
  where class_seats.coop_id = $1 and class_seats.class_id = $2
  returning class_seats.waitlisted as position, class_seats.last_number as number
), ${written(
  'place',
  `'waitlisted'`,
  'place.number',
  `$10::jsonb || jsonb_build_object('position', place.position, 'waitlistNumber', place.number)`,
  `convert_to((convert_from($19::bytea, 'UTF8')::jsonb || jsonb_build_object('position', place.position))::text, 'UTF8')`,
)}${claimed}
${answer('place', '(select position from place)')}`;

/** With a key, the same statement claims it and stores the answer; without one it does not mention keys. */
const statements = {
  seat: {
    plain: { name: 'enroll_seat', text: seatText('') },
    keyed: {
      name: 'enroll_seat_keyed',
      text: seatText(`, ${claimCte({ coop: '$1', from: 'seat', first: claimFrom })}`),
    },
  },
  waitlist: {
    plain: { name: 'enroll_waitlist', text: placeText('') },
    keyed: {
      name: 'enroll_waitlist_keyed',
      text: placeText(
        `, ${claimCte({
          coop: '$1',
          from: 'place',
          first: claimFrom,
          body: `(${claimBody}::jsonb || jsonb_build_object('position', place.position))::text`,
        })}`,
      ),
    },
  },
} as const;

/** How an enrollment begins. */
export type Beginning = EventOf<'seat-held' | 'confirmed'> | Unplaced;

export interface Taking {
  readonly enrollmentId: string;
  readonly at: Date;
  /** What the decision was based on. */
  readonly class: ClassView;
  readonly child: { readonly version: number; readonly name: string };
  readonly beginning: Beginning;
  /** The key to claim, and the answer to store; the statement adds a waitlist place's position. */
  readonly claim: Parameters<typeof claimParameters>[0] | undefined;
}

export type Taken =
  | { readonly done: true; readonly position: number | undefined }
  /** A guard has refused. The class as it is now, if it exists. */
  | { readonly done: false; readonly class: ClassView | undefined };

/** Takes a seat or a waitlist place, in one round trip. */
export async function takeSeat(
  db: CoopQueryable,
  { enrollmentId, at, class: about, child, beginning, claim }: Taking,
): Promise<Taken> {
  const published = publish(beginning, { id: enrollmentId, version: 1, at, class: about, childName: child.name });
  const { rows } = await db.query<{ done: boolean; position: number | null; class: ClassView | null }>({
    ...statements[beginning.type === 'waitlisted' ? 'waitlist' : 'seat'][claim === undefined ? 'plain' : 'keyed'],
    values: [
      db.coopId,
      beginning.classId,
      beginning.childId,
      beginning.familyId,
      child.version,
      about.version,
      enrollmentId,
      at,
      beginning.type,
      JSON.stringify(dataOf(beginning)),
      'amountCents' in beginning ? beginning.amountCents : 0,
      ('priceCents' in beginning ? beginning.priceCents : undefined) ?? null,
      about.currency,
      JSON.stringify({ classId: about.id, ...slotOf(about) }),
      ...outboxParameters(db.coopId, published),
      ...(claim === undefined ? [] : claimParameters(claim)),
    ],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('the enrolling statement returned no row');
  if (row.done) return { done: true, position: row.position ?? undefined };
  return { done: false, class: row.class ?? undefined };
}
