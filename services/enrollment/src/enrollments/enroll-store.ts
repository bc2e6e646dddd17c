import { OUTBOX_COLUMNS } from '@homeroom/outbox';
import { claimCte, claimParameters, type Queryable } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { classJson } from '../classes/store.ts';
import type { Facts } from './decide.ts';
import { slotJson } from './store.ts';

/*
 * Enrolling is one statement. It locks the class's row, checks on the locked row everything that the decision was made
 * of, and writes counters, child, history, read model, charge and outbox together or not at all. When a guard refuses,
 * the same answer says how the class is now.
 */

const childJson = `json_build_object('id', ch.child_id, 'familyId', ch.family_id, 'version', ch.version, 'name', ch.name,
  'birthDate', ch.birth_date, 'removed', ch.removed, 'slots', ch.slots)`;

const activeHere = `exists (select from enrollments e where e.class_id = $1 and e.child_id = $2 and e.status <> 'cancelled')`;

interface FactsRow {
  class: Facts['class'] | null;
  child: Facts['child'] | null;
  active: boolean;
  familyKnown: boolean;
}

export async function readFacts(
  db: Queryable,
  { classId, childId, familyId }: { classId: string; childId: string; familyId: string | undefined },
): Promise<Facts> {
  const { rows } = await db.query<FactsRow>({
    name: 'enroll-facts',
    text: `select (select ${classJson('c')} from classes c where c.class_id = $1) as class,
      (select ${childJson} from children ch where ch.child_id = $2) as child,
      ${activeHere} as active, exists (select from families f where f.family_id = $3) as "familyKnown"`,
    values: [classId, childId, familyId ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('a select without a from gave no row');
  return { ...row, class: row.class ?? undefined, child: row.child ?? undefined };
}

/** The child is still who was decided on, and free at the hours of the class: `overlaps` in SQL, on the row itself. */
const childIsFree = `ch.child_id = $2 and ch.family_id = $3 and ch.version = $4 and not ch.removed and not exists (
  select from jsonb_to_recordset(ch.slots)
    as s(weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date)
  where s.weekday = class.weekday and s."startTime" < class.end_time and class.start_time < s."endTime"
    and s."firstDay" <= class.last_day and class.first_day <= s."lastDay")`;

const classIsAsKnown = `class.version = $5 and class.status = 'open' and not ${activeHere}`;

// Counting goes on from this row. An update that counted from the row it finds by its snapshot would first try the value of
// before the wait for the lock, and the CHECK would refuse a seat that a cancellation has just set free.
const lockedClass = `class as materialized (
  select class_id, version, title, description, subject, teacher, room, weekday, start_time, end_time, first_day,
    last_day, time_zone, age_min, age_max, capacity, taken, waitlisted, last_number, price_cents, currency, status
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

/** The class as it was when locked, for deciding again. All the facts would cost every enrolment a quarter more. */
const answer = (from: string, position: string): string => `
select written.done, ${position} as position,
  case when not written.done then (select ${classJson('c')} from class c) end as class
from (select exists (select from ${from}) as done) written`;

/** Where the parameters of a claimed key begin, and where its answer is. */
const claimFrom = 18;
const claimBody = `$${claimFrom + 4}`;

const takeSeat = (claimed: string): string => `with ${lockedClass}, child as (
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

const joinWaitlist = (claimed: string): string => `with ${lockedClass}, child as (
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

/** With a key, the same statement claims it and stores the answer; without one it does not mention keys at all. */
const statements = {
  seat: {
    plain: { name: 'enroll-seat', text: takeSeat('') },
    keyed: { name: 'enroll-seat-keyed', text: takeSeat(`, ${claimCte({ from: 'seat', first: claimFrom })}`) },
  },
  waitlist: {
    plain: { name: 'enroll-waitlist', text: joinWaitlist('') },
    keyed: {
      name: 'enroll-waitlist-keyed',
      text: joinWaitlist(
        `, ${claimCte({
          from: 'place',
          first: claimFrom,
          body: `(${claimBody}::jsonb || jsonb_build_object('position', place.position))::text`,
        })}`,
      ),
    },
  },
} as const;

export interface Enrolling {
  readonly classId: string;
  readonly classVersion: number;
  readonly childId: string;
  readonly childVersion: number;
  readonly familyId: string;
  readonly enrollmentId: string;
  readonly at: Date;
  readonly event: { readonly type: string; readonly data: object };
  readonly amountCents: number;
  /** What a place on the waitlist is promised at. */
  readonly priceCents: number | undefined;
  readonly currency: string;
  /** The key to claim, and the answer to store; a place's position is added by the statement. */
  readonly claim: Parameters<typeof claimParameters>[0] | undefined;
  /** The event's `outboxParameters`. */
  readonly outbox: readonly unknown[];
}

export type Written =
  | { readonly done: true; readonly position: number | undefined }
  /** A guard has refused. The class as it is now, if there is one. */
  | { readonly done: false; readonly class: ClassView | undefined };

export async function writeEnrollment(db: Queryable, kind: 'seat' | 'waitlist', e: Enrolling): Promise<Written> {
  const { rows } = await db.query<{ done: boolean; position: number | null; class: ClassView | null }>({
    ...statements[kind][e.claim === undefined ? 'plain' : 'keyed'],
    values: [
      e.classId,
      e.childId,
      e.familyId,
      e.childVersion,
      e.classVersion,
      e.enrollmentId,
      e.at,
      e.event.type,
      JSON.stringify(e.event.data),
      e.amountCents,
      e.priceCents ?? null,
      e.currency,
      ...e.outbox,
      ...(e.claim === undefined ? [] : claimParameters(e.claim)),
    ],
  });
  const row = rows[0];
  if (row === undefined) throw new Error('the statement that enrols gave no row');
  if (row.done) return { done: true, position: row.position ?? undefined };
  return { done: false, class: row.class ?? undefined };
}
