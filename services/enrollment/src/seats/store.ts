import { append } from '@homeroom/outbox';
import type { Queryable, Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/schemas.ts';
import { apply, publish, type CancelReason, type Enrollment, type PlacedEvent, type Status } from './enrollment.ts';

export interface EnrollmentRow {
  id: string;
  version: number;
  classId: string;
  childId: string;
  familyId: string;
  status: Status;
  amountCents: number;
  waitlistNumber: number | null;
  reason: CancelReason | null;
  refundCents: number;
  currency: string | null;
  priceCents: number | null;
  expiresAt: Date | null;
  idempotencyKey: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** The column of each field in `enrollments`. */
const columnOf: Readonly<Record<keyof EnrollmentRow, string>> = {
  id: 'enrollment_id',
  version: 'version',
  classId: 'class_id',
  childId: 'child_id',
  familyId: 'family_id',
  status: 'status',
  amountCents: 'amount_cents',
  waitlistNumber: 'waitlist_number',
  reason: 'cancel_reason',
  refundCents: 'refund_cents',
  currency: 'currency',
  priceCents: 'price_cents',
  expiresAt: 'offer_expires_at',
  idempotencyKey: 'idempotency_key',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
};

/** Of `enrollments e`, as an `EnrollmentRow`. */
export const enrollmentColumns = Object.entries(columnOf)
  .map(([field, column]) => `e.${column} as "${field}"`)
  .join(', ');

export function enrollmentOf(row: EnrollmentRow): Enrollment {
  const { status, waitlistNumber, reason, refundCents, currency, priceCents, expiresAt, idempotencyKey, ...rest } = row;
  const common = {
    ...rest,
    ...(currency === null ? {} : { currency }),
    ...(priceCents === null ? {} : { priceCents }),
    ...(idempotencyKey === null ? {} : { idempotencyKey }),
  };
  if (status === 'waitlisted') return { ...common, status, waitlistNumber: waitlistNumber ?? 0 };
  if (status === 'offered') return { ...common, status, expiresAt: expiresAt ?? row.updatedAt };
  if (status === 'cancelled') return { ...common, status, reason: reason ?? 'by_family', refundCents };
  return { ...common, status };
}

export interface Located {
  readonly classId: string;
  readonly familyId: string;
}

/** The class to lock before the enrollment, and the family. Neither ever changes. */
export async function locateEnrollment(db: Queryable, id: string): Promise<Located | undefined> {
  const { rows } = await db.query<Located>({
    name: 'enrollment_locate',
    text: `select class_id as "classId", family_id as "familyId" from enrollments where enrollment_id = $1`,
    values: [id],
  });
  return rows[0];
}

/** Locks the enrollment until the transaction ends. Order of locks: class, enrollment, charge, child. */
export async function lockEnrollment(trx: Transaction, id: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment_lock',
    text: `select ${enrollmentColumns} from enrollments e where enrollment_id = $1 for no key update`,
    values: [id],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** The first on the waitlist. The class must be locked. */
export async function lockFirstWaiting(trx: Transaction, classId: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment_lock_first_waiting',
    text: `select ${enrollmentColumns} from enrollments e where class_id = $1 and status = 'waitlisted'
      order by waitlist_number limit 1 for no key update`,
    values: [classId],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** The position of `e` on the waitlist; 1 is next. */
export const positionSql = `case when e.status = 'waitlisted' then (
  select count(*)::int from enrollments w
  where w.class_id = e.class_id and w.status = 'waitlisted' and w.waitlist_number <= e.waitlist_number) end`;

const nothing = {
  waitlistNumber: null,
  reason: null,
  refundCents: 0,
  currency: null,
  priceCents: null,
  expiresAt: null,
  idempotencyKey: null,
};

/** The values of a state by column; rebuilding the read model writes the same ones. */
export function rowOf(state: Enrollment): object {
  const row: EnrollmentRow = { ...nothing, ...state };
  return Object.fromEntries(
    Object.entries(row).map(([field, value]) => [columnOf[field as keyof EnrollmentRow], value]),
  );
}

/** What the history stores of an event beside its type. */
export const dataOf = (event: { readonly type: string }): object => ({ ...event, type: undefined });

/** Writes what happened to a locked enrollment: history, read model, outbox. */
export async function record(
  trx: Transaction,
  before: Enrollment,
  events: readonly PlacedEvent[],
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
    name: 'enrollment_record',
    text: `with happened as (
        insert into enrollment_events (enrollment_id, version, type, data, occurred_at)
        select $1, version, type, data, $2 from jsonb_to_recordset($3::jsonb) as h(version int, type text, data jsonb)
      )
      update enrollments e set version = r.version, status = r.status, amount_cents = r.amount_cents,
        waitlist_number = r.waitlist_number, cancel_reason = r.cancel_reason, refund_cents = r.refund_cents,
        currency = r.currency, price_cents = r.price_cents, offer_expires_at = r.offer_expires_at,
        updated_at = $2
      from jsonb_populate_record(null::enrollments, $4::jsonb) r, children ch
      where e.enrollment_id = $1 and ch.child_id = e.child_id returning ch.name as "childName"`,
    values: [before.id, at, JSON.stringify(history), JSON.stringify(rowOf(state))],
  });
  const childName = rows[0]?.childName;
  if (childName === undefined) throw new Error(`enrollment ${before.id} disappeared while locked`);
  const published = events.map((event, index) =>
    publish(event, { id: before.id, version: before.version + index + 1, at, class: about, childName }),
  );
  await append(trx, ...published);
  return state;
}

export async function readChildName(db: Queryable, childId: string): Promise<string> {
  const { rows } = await db.query<{ name: string }>({
    name: 'child_name',
    text: 'select name from children where child_id = $1',
    values: [childId],
  });
  return rows[0]?.name ?? '';
}

/** Adds to a class's counters of seats and waitlist places; negative to give back. */
export async function countSeats(
  trx: Transaction,
  classId: string,
  change: { taken: number; waitlisted: number },
): Promise<void> {
  await trx.query({
    name: 'class_count',
    text: `update classes set taken = taken + $2, waitlisted = waitlisted + $3 where class_id = $1`,
    values: [classId, change.taken, change.waitlisted],
  });
}
