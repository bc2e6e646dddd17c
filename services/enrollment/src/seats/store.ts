import { append } from '@homeroom/outbox';
import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/schemas.ts';
import { apply, publish, type Change, type Enrollment } from './enrollment.ts';

/** The column of each field in `enrollments`. */
const columns = {
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
} as const;
type Field = keyof typeof columns;
const fields = Object.keys(columns) as Field[];

/** The columns of a state in `enrollments`; `coop_id` comes before them. */
export const columnNames = Object.values(columns).join(', ');

/** Null for a field that the status does not have. */
export type EnrollmentRow = Readonly<Record<Field, unknown>>;

/** Of `enrollments e`, as an `EnrollmentRow`. */
export const enrollmentColumns = fields.map((field) => `e.${columns[field]} as "${field}"`).join(', ');

/** The state that a row holds: constraints of the table guarantee the fields of its status. */
export const enrollmentOf = (row: EnrollmentRow): Enrollment =>
  Object.fromEntries(fields.map((field) => [field, row[field] ?? undefined])) as unknown as Enrollment;

export interface OwnedEnrollment {
  readonly enrollmentId: string;
  /** The family that must own it; undefined, as for a coordinator: any. */
  readonly familyId?: string | undefined;
}

/** The class to lock before the enrollment. */
export async function findClassOf(
  db: CoopQueryable,
  { enrollmentId, familyId }: OwnedEnrollment,
): Promise<string | undefined> {
  const { rows } = await db.query<{ classId: string }>({
    name: 'enrollment_class',
    text: `select class_id as "classId" from enrollments
      where coop_id = $1 and enrollment_id = $2 and ($3::uuid is null or family_id = $3)`,
    values: [db.coopId, enrollmentId, familyId ?? null],
  });
  return rows[0]?.classId;
}

/** Locks the enrollment until the transaction ends. Order of locks: class, enrollment, charge, child. */
export async function lockEnrollment(trx: CoopTransaction, id: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment_lock',
    text: `select ${enrollmentColumns} from enrollments e
      where coop_id = $1 and enrollment_id = $2 for no key update`,
    values: [trx.coopId, id],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** The first on the waitlist. The class must be locked. */
export async function lockFirstWaiting(trx: CoopTransaction, classId: string): Promise<Enrollment | undefined> {
  const { rows } = await trx.query<EnrollmentRow>({
    name: 'enrollment_lock_first_waiting',
    text: `select ${enrollmentColumns} from enrollments e
      where coop_id = $1 and class_id = $2 and status = 'waitlisted'
      order by waitlist_number limit 1 for no key update`,
    values: [trx.coopId, classId],
  });
  return rows[0] && enrollmentOf(rows[0]);
}

/** The position of `e` on the waitlist; 1 is next. */
export const positionSql = `case when e.status = 'waitlisted' then (
  select count(*)::int from enrollments w
  where w.coop_id = e.coop_id and w.class_id = e.class_id and w.status = 'waitlisted' and w.waitlist_number <= e.waitlist_number) end`;

/** The values of a state by column; rebuilding the read model writes the same ones. */
export const rowOf = (state: Enrollment): object =>
  Object.fromEntries(
    Object.entries({ refundCents: 0, ...state }).map(([field, value]) => [columns[field as Field], value]),
  );

/** What the history stores of an event beside its type. */
export const dataOf = (event: { readonly type: string }): object => ({ ...event, type: undefined });

/** Writes what happened to a locked enrollment: history, read model, outbox. */
export async function record(
  trx: CoopTransaction,
  before: Enrollment,
  changes: readonly Change[],
  at: Date,
  about: ClassView,
): Promise<Enrollment> {
  const { classId, childId, familyId } = before;
  const events = changes.map((change) => ({ ...change, classId, childId, familyId }));
  let state = before;
  const history: object[] = [];
  for (const event of events) {
    state = apply(before.id, state, event, at);
    history.push({ version: state.version, type: event.type, data: dataOf(event) });
  }
  const { rows } = await trx.query<{ childName: string }>({
    name: 'enrollment_record',
    text: `with happened as (
        insert into enrollment_events (coop_id, enrollment_id, version, type, data, occurred_at)
        select $1, $2, version, type, data, $3 from jsonb_to_recordset($4::jsonb) as h(version int, type text, data jsonb)
      )
      update enrollments e set version = r.version, status = r.status, amount_cents = r.amount_cents,
        waitlist_number = r.waitlist_number, cancel_reason = r.cancel_reason, refund_cents = r.refund_cents,
        currency = r.currency, price_cents = r.price_cents, offer_expires_at = r.offer_expires_at,
        updated_at = $3
      from jsonb_populate_record(null::enrollments, $5::jsonb) r, children ch
      where e.coop_id = $1 and e.enrollment_id = $2 and ch.coop_id = $1 and ch.child_id = e.child_id
      returning ch.name as "childName"`,
    values: [trx.coopId, before.id, at, JSON.stringify(history), JSON.stringify(rowOf(state))],
  });
  const childName = rows[0]?.childName;
  if (childName === undefined) throw new Error(`enrollment ${before.id} disappeared while locked`);
  const published = events.map((event, index) =>
    publish(event, { id: before.id, version: before.version + index + 1, at, class: about, childName }),
  );
  await append(trx, ...published);
  return state;
}

export async function readChildName(db: CoopQueryable, childId: string): Promise<string> {
  const { rows } = await db.query<{ name: string }>({
    name: 'child_name',
    text: 'select name from children where coop_id = $1 and child_id = $2',
    values: [db.coopId, childId],
  });
  return rows[0]?.name ?? '';
}

/** Adds to a locked class's counters of seats and waitlist places; negative to free them. */
export async function countSeats(
  trx: CoopTransaction,
  classId: string,
  change: { taken: number; waitlisted: number },
): Promise<void> {
  await trx.query({
    name: 'class_count',
    text: `update class_seats set taken = taken + $3, waitlisted = waitlisted + $4
      where coop_id = $1 and class_id = $2`,
    values: [trx.coopId, classId, change.taken, change.waitlisted],
  });
}
