import { append } from '@homeroom/outbox';
import type { Queryable, Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { apply, publish, type CancelReason, type Enrollment, type EnrollmentEvent } from './enrollment.ts';

export interface EnrollmentRow {
  id: string;
  version: number;
  classId: string;
  childId: string;
  familyId: string;
  status: Enrollment['status'];
  amountCents: number;
  waitlistNumber: number | null;
  reason: CancelReason | null;
  refundCents: number;
  idempotencyKey: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Of `enrollments e`. */
export const enrollmentColumns = `e.enrollment_id as id, e.version, e.class_id as "classId", e.child_id as "childId",
  e.family_id as "familyId", e.status, e.amount_cents as "amountCents", e.waitlist_number as "waitlistNumber",
  e.cancel_reason as reason, e.refund_cents as "refundCents", e.idempotency_key as "idempotencyKey",
  e.created_at as "createdAt", e.updated_at as "updatedAt"`;

export function enrollmentOf({
  status,
  waitlistNumber,
  reason,
  refundCents,
  idempotencyKey,
  ...row
}: EnrollmentRow): Enrollment {
  const common = { ...row, ...(idempotencyKey === null ? {} : { idempotencyKey }) };
  if (status === 'waitlisted') return { ...common, status, waitlistNumber: waitlistNumber ?? 0 };
  if (status === 'cancelled') return { ...common, status, reason: reason ?? 'by_family', refundCents };
  return { ...common, status };
}

export interface Located {
  readonly classId: string;
  readonly familyId: string;
}

/** Which class to lock before the enrolment. Neither changes in an enrolment's life. */
export async function locateEnrollment(db: Queryable, id: string): Promise<Located | undefined> {
  const { rows } = await db.query<Located>({
    name: 'enrollment-locate',
    text: `select class_id as "classId", family_id as "familyId" from enrollments where enrollment_id = $1`,
    values: [id],
  });
  return rows[0];
}

/** Holds the enrolment until the transaction ends. Order of locks: class, enrolment, charge, child. */
export async function lockEnrollment(trx: Transaction, id: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment-lock',
    text: `select ${enrollmentColumns} from enrollments e where enrollment_id = $1 for no key update`,
    values: [id],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** Whoever has waited longest. The class must be locked. */
export async function lockFirstWaiting(trx: Transaction, classId: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment-lock-first-waiting',
    text: `select ${enrollmentColumns} from enrollments e where class_id = $1 and status = 'waitlisted'
      order by waitlist_number limit 1 for no key update`,
    values: [classId],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** How many wait in the same class up to and including `e`; 1 is next. */
export const positionSql = `case when e.status = 'waitlisted' then (
  select count(*)::int from enrollments w
  where w.class_id = e.class_id and w.status = 'waitlisted' and w.waitlist_number <= e.waitlist_number) end`;

export async function findByIdempotencyKey(
  db: Queryable,
  { familyId, key }: { familyId: string; key: string },
): Promise<(Enrollment & { readonly position: number | undefined }) | undefined> {
  const { rows } = await db.query<EnrollmentRow & { position: number | null }>({
    name: 'enrollment-by-key',
    text: `select ${enrollmentColumns}, ${positionSql} as position from enrollments e
      where family_id = $1 and idempotency_key = $2`,
    values: [familyId, key],
  });
  if (rows[0] === undefined) return undefined;
  const { position, ...row } = rows[0];
  return { ...enrollmentOf(row), position: position ?? undefined };
}

/** The column values of a state; rebuilding the read model writes the same ones. */
export const rowOf = (state: Enrollment): object => ({
  enrollment_id: state.id,
  version: state.version,
  class_id: state.classId,
  child_id: state.childId,
  family_id: state.familyId,
  status: state.status,
  amount_cents: state.amountCents,
  waitlist_number: state.status === 'waitlisted' ? state.waitlistNumber : null,
  cancel_reason: state.status === 'cancelled' ? state.reason : null,
  refund_cents: state.status === 'cancelled' ? state.refundCents : 0,
  idempotency_key: state.idempotencyKey ?? null,
  created_at: state.createdAt.toISOString(),
  updated_at: state.updatedAt.toISOString(),
});

/** What the history keeps of an event beside its type. */
export const dataOf = (event: EnrollmentEvent): object => ({ ...event, type: undefined });

/** Writes what happened to a locked enrolment: history, read model, outbox. */
export async function record(
  trx: Transaction,
  before: Enrollment,
  events: readonly EnrollmentEvent[],
  at: Date,
  about: ClassView,
): Promise<Enrollment> {
  let state = before;
  const history: object[] = [];
  for (const event of events) {
    state = apply(before.id, state, event, at);
    history.push({ version: state.version, type: event.type, data: dataOf(event) });
  }
  const { rows } = await trx.query<{ childName: string }>({
    name: 'enrollment-record',
    text: `with happened as (
        insert into enrollment_events (enrollment_id, version, type, data, occurred_at)
        select $1, version, type, data, $2 from jsonb_to_recordset($3::jsonb) as h(version int, type text, data jsonb)
      )
      update enrollments e set version = r.version, status = r.status, amount_cents = r.amount_cents,
        waitlist_number = r.waitlist_number, cancel_reason = r.cancel_reason, refund_cents = r.refund_cents,
        updated_at = $2
      from jsonb_populate_record(null::enrollments, $4::jsonb) r, children ch
      where e.enrollment_id = $1 and ch.child_id = e.child_id returning ch.name as "childName"`,
    values: [before.id, at, JSON.stringify(history), JSON.stringify(rowOf(state))],
  });
  const childName = rows[0]?.childName;
  if (childName === undefined) throw new Error(`enrolment ${before.id} vanished under its lock`);
  const published = events.map((event, index) =>
    publish(event, { id: before.id, version: before.version + index + 1, at, class: about, childName }),
  );
  await append(trx, ...published);
  return state;
}

/** Adds the class's hours to those the child is busy. */
export async function holdSlot(trx: Transaction, { childId, classId }: Enrollment): Promise<void> {
  await trx.query({
    name: 'child-hold-slot',
    text: `update children set slots = slots || ${slotJson('classes')} from classes
      where child_id = $1 and class_id = $2`,
    values: [childId, classId],
  });
}

export async function releaseSlot(trx: Transaction, { childId, classId }: Enrollment): Promise<void> {
  await trx.query({
    name: 'child-release-slot',
    text: `update children set slots = (${slotsWithout('$2')}) where child_id = $1`,
    values: [childId, classId],
  });
}

/** The class meets at other hours now: so are all who have a seat in it busy. */
export async function moveSlots(trx: Transaction, classId: string): Promise<void> {
  await trx.query({
    name: 'children-move-slots',
    text: `update children set slots = (${slotsWithout('$1')}) || ${slotJson('classes')}
      from classes, enrollments e
      where classes.class_id = $1 and e.class_id = $1 and e.status in ('payment_pending', 'enrolled')
        and children.child_id = e.child_id`,
    values: [classId],
  });
}

/** The hours of a class as the child's row keeps them. */
export const slotJson = (classes: string): string => `jsonb_build_object('classId', ${classes}.class_id,
  'weekday', ${classes}.weekday, 'startTime', ${classes}.start_time, 'endTime', ${classes}.end_time,
  'firstDay', ${classes}.first_day, 'lastDay', ${classes}.last_day)`;

const slotsWithout = (classId: string): string => `select coalesce(jsonb_agg(slot order by place), '[]')
  from jsonb_array_elements(children.slots) with ordinality as s(slot, place)
  where slot ->> 'classId' <> ${classId}::uuid::text`;
