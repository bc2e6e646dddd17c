import type { Queryable, Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { classJson } from '../classes/store.ts';
import type { Enrollment } from '../enrollments/enrollment.ts';
import { enrollmentColumns, enrollmentOf, type EnrollmentRow } from '../enrollments/store.ts';
import type { Charge, ChargeState } from './charge.ts';

interface Row extends Omit<Charge, 'providerChargeId' | 'payBy'> {
  readonly providerChargeId: string | null;
  readonly payBy: string | null;
}

const columns = (row: string): string => `${row}.enrollment_id as "enrollmentId", ${row}.amount_cents as "amountCents",
  ${row}.currency, ${row}.state, ${row}.attempts, ${row}.declines, ${row}.declined_charge_ids as "declinedChargeIds",
  ${row}.pay_by::text as "payBy", ${row}.provider_charge_id as "providerChargeId"`;

const chargeOf = ({ payBy, providerChargeId, ...row }: Row): Charge => ({
  ...row,
  providerChargeId: providerChargeId ?? undefined,
  payBy: payBy === null ? undefined : new Date(payBy),
});

/** A seat that costs money has been given: the worker will ask for it. */
export async function openCharge(
  trx: Transaction,
  enrollmentId: string,
  { amountCents, currency }: Pick<Charge, 'amountCents' | 'currency'>,
): Promise<void> {
  await trx.query({
    name: 'charge-open',
    text: 'insert into charges (enrollment_id, amount_cents, currency) values ($1, $2, $3)',
    values: [enrollmentId, amountCents, currency],
  });
}

export async function lockCharge(trx: Transaction, enrollmentId: string): Promise<Charge | undefined> {
  const { rows } = await trx.query<Row>({
    name: 'charge-lock',
    text: `select ${columns('c')} from charges c where enrollment_id = $1 for no key update`,
    values: [enrollmentId],
  });
  return rows[0] && chargeOf(rows[0]);
}

export interface Settling {
  readonly enrollment: Enrollment;
  readonly charge: Charge;
  readonly class: ClassView;
}

/** Holds the enrolment, then its charge, in one round trip, with the class as it is. */
export async function lockForSettling(trx: Transaction, enrollmentId: string): Promise<Settling | undefined> {
  const { rows } = await trx.query<EnrollmentRow & { charge: Row; class: ClassView }>({
    name: 'charge-lock-for-settling',
    text: `select ${enrollmentColumns}, ${classJson('k')} as class,
        json_build_object('enrollmentId', c.enrollment_id, 'amountCents', c.amount_cents, 'currency', c.currency,
          'state', c.state, 'attempts', c.attempts, 'declines', c.declines,
          'declinedChargeIds', c.declined_charge_ids, 'payBy', c.pay_by,
          'providerChargeId', c.provider_charge_id) as charge
      from enrollments e join charges c on c.enrollment_id = e.enrollment_id join classes k on k.class_id = e.class_id
      where e.enrollment_id = $1 for no key update of e, c`,
    values: [enrollmentId],
  });
  if (rows[0] === undefined) return undefined;
  const { charge, class: about, ...row } = rows[0];
  return { enrollment: enrollmentOf(row), charge: chargeOf(charge), class: about };
}

/** A new state is due at once, whatever the old one was waiting for. */
export async function saveCharge(
  trx: Transaction,
  enrollmentId: string,
  next: { state: ChargeState; providerChargeId?: string | undefined; providerRefundId?: string | undefined },
): Promise<void> {
  await trx.query({
    name: 'charge-save',
    text: `update charges set state = $2, provider_charge_id = coalesce($3, provider_charge_id),
        provider_refund_id = coalesce($4, provider_refund_id), attempts = 0, next_attempt_at = now(),
        last_error = null, updated_at = now()
      where enrollment_id = $1`,
    values: [enrollmentId, next.state, next.providerChargeId ?? null, next.providerRefundId ?? null],
  });
}

/** Keeps a declined charge due: the next try, no earlier than in `delayMs`, is a new charge for the provider. */
export async function saveDecline(
  trx: Transaction,
  enrollmentId: string,
  { providerChargeId, payBy, delayMs }: { providerChargeId: string; payBy: Date; delayMs: number },
): Promise<void> {
  await trx.query({
    name: 'charge-save-decline',
    text: `update charges set declines = declines + 1, declined_charge_ids = array_append(declined_charge_ids, $2),
        pay_by = $3, attempts = 0, last_error = 'declined', updated_at = now(),
        next_attempt_at = greatest(least(now() + $4 * interval '1 millisecond', $3), now() + interval '10 milliseconds')
      where enrollment_id = $1`,
    values: [enrollmentId, providerChargeId, payBy, delayMs],
  });
}

/** @returns false when the family has heard of it before. */
export async function markDelayNotified(trx: Transaction, enrollmentId: string): Promise<boolean> {
  const { rowCount } = await trx.query({
    name: 'charge-mark-delay-notified',
    text: 'update charges set delay_notified_at = now() where enrollment_id = $1 and delay_notified_at is null',
    values: [enrollmentId],
  });
  return rowCount === 1;
}

/** Whether money has moved, or may yet, in the class's currency. The class must be locked. */
export async function hasMoney(trx: Transaction, classId: string): Promise<boolean> {
  const { rows } = await trx.query<{ found: boolean }>({
    name: 'class-has-money',
    text: `select exists (select from enrollments e left join charges c on c.enrollment_id = e.enrollment_id
      where e.class_id = $1 and (e.status <> 'cancelled' or c.enrollment_id is not null)) as found`,
    values: [classId],
  });
  return rows[0]?.found === true;
}

/** A charge or refund that this worker has taken up until its claim runs out. */
export interface Claim extends Charge {
  readonly enrollment: Enrollment['status'];
  readonly class: Pick<ClassView, 'lastDay' | 'timeZone'>;
  /** How long ago a worker last set out to charge before this claim. */
  readonly askedAgoMs: number | undefined;
}

/** Takes up to `limit` rows that are due, each for one worker, and for `leaseMs` at most: a worker may die. */
export async function claimDue(
  db: Queryable,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<Claim[]> {
  const { rows } = await db.query<Row & Omit<Claim, keyof Charge | 'askedAgoMs'> & { askedAgoMs: number | null }>({
    name: 'charges-claim',
    text: `with due as materialized (
        select enrollment_id, asked_at from charges where state in ('due', 'refund_due') and next_attempt_at <= now()
        order by next_attempt_at limit $1 for update skip locked
      )
      update charges c set attempts = c.attempts + 1, next_attempt_at = now() + $2 * interval '1 millisecond',
        asked_at = case when c.state = 'due' and e.status = 'payment_pending' then now() else c.asked_at end
      from due, enrollments e, classes k
      where c.enrollment_id = due.enrollment_id and e.enrollment_id = due.enrollment_id and k.class_id = e.class_id
      returning ${columns('c')}, e.status as enrollment,
        json_build_object('lastDay', k.last_day, 'timeZone', k.time_zone) as class,
        (extract(epoch from now() - due.asked_at) * 1000)::int as "askedAgoMs"`,
    values: [limit, leaseMs],
  });
  return rows.map(({ enrollment, class: about, askedAgoMs, ...row }) => ({
    ...chargeOf(row),
    enrollment,
    class: about,
    askedAgoMs: askedAgoMs ?? undefined,
  }));
}

/**
 * Puts a claimed row back for later.
 * @param asked whether the provider may have heard of it; when not, the try does not count.
 */
export async function postpone(
  db: Queryable,
  claim: Claim,
  { delayMs, asked, reason }: { delayMs: number; asked: boolean; reason: string },
): Promise<void> {
  await db.query({
    name: 'charge-postpone',
    text: `update charges set attempts = attempts - $3, next_attempt_at = now() + $4 * interval '1 millisecond',
        last_error = $5, updated_at = now()
      where enrollment_id = $1 and attempts = $2 and state = $6`,
    values: [claim.enrollmentId, claim.attempts, asked ? 0 : 1, delayMs, reason.slice(0, 500), claim.state],
  });
}
