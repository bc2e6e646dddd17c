import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import { claimCte, claimParameters, type Queryable } from '@homeroom/postgres';
import { classJson, columnNames } from '../classes/columns.ts';
import type { ClassView } from '../classes/schemas.ts';
import { publish, type EventOf, type Unplaced } from './enrollment.ts';
import { slotJson } from './slots.ts';
import { dataOf } from './store.ts';

/*
 * Enrolling is one statement. It locks the class's row, checks on the locked row everything that the decision was based
 * on, and writes counters, child, history, read model, charge, and outbox together or not at all. When a guard refuses,
 * the same answer returns the class as it is now.
 */

/** Whether the child $2 has a seat or a waitlist place in the class $1. */
export const activeHere = `exists (select from enrollments e where e.class_id = $1 and e.child_id = $2 and e.status <> 'cancelled')`;

/** The child has not changed since the decision, and is free at the hours of the class: `overlaps` in SQL. */
const childIsFree = `ch.child_id = $2 and ch.family_id = $3 and ch.version = $4 and not ch.removed and not exists (
  select from jsonb_to_recordset(ch.slots)
    as s(weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date)
  where s.weekday = class.weekday and s."startTime" < class.end_time and class.start_time < s."endTime"
    and s."firstDay" <= class.last_day and class.first_day <= s."lastDay")`;

const classIsAsKnown = `class.version = $5 and class.status = 'open' and not ${activeHere}`;

// Counting continues from this row. An update that counted from the row in its snapshot would first try the value from
// before it waited for the lock, and the CHECK would refuse a seat that a cancellation has just freed.
const lockedClass = `class as materialized (
  select class_id, version, ${columnNames}, taken, waitlisted, last_number
  from classes where class_id = $1 for no key update
)`;

const written = (from: string, status: string, number: string, data: string, payload: string): string => `
happened as (
  insert into enrollment_events (enrollment_id, version, type, data, occurred_at)
  select $6, 1, $8, ${data}, $7 from ${from}
), enrolled as (
  insert into enrollments (enrollment_id, version, class_id, child_id, family_id, status, amount_cents,
    waitlist_number, price_cents, currency, created_at, updated_at)
  select $6, 1, $1, $2, $3, ${status}, $10, ${number}, $11, $12, $7, $7 from ${from}
), published as (
  insert into outbox (${OUTBOX_COLUMNS}) select $13::uuid, $14, $15, $16::jsonb, ${payload} from ${from}
)`;

/** The class as it was when locked, for deciding again. Reading all the facts would make every enrollment cost a quarter more. */
const answer = (from: string, position: string): string => `
select written.done, ${position} as position,
  case when not written.done then (select ${classJson('c')} from class c) end as class
from (select exists (select from ${from}) as done) written`;

/** Number of the first parameter of a claimed key, and the parameter that holds its answer. */
const claimFrom = 18;
const claimBody = `$${claimFrom + 4}`;

const seatText = (claimed: string): string => `with ${lockedClass}, child as (
  update children ch set slots = ch.slots || ${slotJson('class')} from class
  where ${classIsAsKnown} and class.waitlisted = 0 and class.taken < class.capacity and ${childIsFree}
  returning ch.child_id
), seat as (
  update classes set taken = class.taken + 1 from class, child where classes.class_id = $1 returning classes.taken
), owed as (
  insert into charges (enrollment_id, amount_cents, currency)
  select $6, price_cents, currency from class, seat where price_cents > 0
), ${written('seat', `case when $10::int > 0 then 'payment_pending' else 'enrolled' end`, 'null', '$9::jsonb', '$17::bytea')}${claimed}
${answer('seat', 'null::int')}`;

const placeText = (claimed: string): string => `with ${lockedClass}, child as (
  select ch.child_id from children ch, class
  where ${classIsAsKnown} and (class.waitlisted > 0 or class.taken >= class.capacity) and ${childIsFree}
), place as (
  update classes set waitlisted = class.waitlisted + 1, last_number = class.last_number + 1
  from class, child where classes.class_id = $1
  returning classes.waitlisted as position, classes.last_number as number
), ${written(
  'place',
  `'waitlisted'`,
  'place.number',
  `$9::jsonb || jsonb_build_object('position', place.position, 'waitlistNumber', place.number)`,
  `convert_to((convert_from($17::bytea, 'UTF8')::jsonb || jsonb_build_object('position', place.position))::text, 'UTF8')`,
)}${claimed}
${answer('place', '(select position from place)')}`;

/** With a key, the same statement claims it and stores the answer; without one it does not mention keys. */
const statements = {
  seat: {
    plain: { name: 'enroll_seat', text: seatText('') },
    keyed: { name: 'enroll_seat_keyed', text: seatText(`, ${claimCte({ from: 'seat', first: claimFrom })}`) },
  },
  waitlist: {
    plain: { name: 'enroll_waitlist', text: placeText('') },
    keyed: {
      name: 'enroll_waitlist_keyed',
      text: placeText(
        `, ${claimCte({
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
  db: Queryable,
  { enrollmentId, at, class: about, child, beginning, claim }: Taking,
): Promise<Taken> {
  const published = publish(beginning, { id: enrollmentId, version: 1, at, class: about, childName: child.name });
  const { rows } = await db.query<{ done: boolean; position: number | null; class: ClassView | null }>({
    ...statements[beginning.type === 'waitlisted' ? 'waitlist' : 'seat'][claim === undefined ? 'plain' : 'keyed'],
    values: [
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
      ...outboxParameters(published),
      ...(claim === undefined ? [] : claimParameters(claim)),
    ],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('the enrolling statement returned no row');
  if (row.done) return { done: true, position: row.position ?? undefined };
  return { done: false, class: row.class ?? undefined };
}
