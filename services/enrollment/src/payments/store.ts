import type { CoopQueryable, CoopTransaction, Queryable } from '@homeroom/postgres';
import { classJson, seatsOf } from '../classes/columns.ts';
import type { ClassView } from '../classes/schemas.ts';
import type { Charge } from '../seats/charge.ts';
import { chargeJson } from '../seats/charge-store.ts';
import type { Enrollment, Status } from '../seats/enrollment.ts';
import { enrollmentColumns, enrollmentOf, type EnrollmentRow } from '../seats/store.ts';

export interface Settling {
  readonly enrollment: Enrollment;
  readonly charge: Charge;
  readonly class: ClassView;
}

/** Locks the enrollment, then its charge, in one round trip, and reads the class. */
export async function lockForSettling(trx: CoopTransaction, enrollmentId: string): Promise<Settling | undefined> {
  const { rows } = await trx.query<EnrollmentRow & Omit<Settling, 'enrollment'>>({
    name: 'charge_lock_for_settling',
    text: `select ${enrollmentColumns}, ${classJson('k')} as class,
        ${chargeJson('c')} as charge
      from enrollments e join charges c on c.coop_id = e.coop_id and c.enrollment_id = e.enrollment_id
        join classes k on k.coop_id = e.coop_id and k.class_id = e.class_id ${seatsOf('k')}
      where e.coop_id = $1 and e.enrollment_id = $2 for no key update of e, c`,
    values: [trx.coopId, enrollmentId],
  });
  const row = rows[0];
  return row && { enrollment: enrollmentOf(row), charge: row.charge, class: row.class };
}

/** Keeps a declined charge due: the next attempt, no earlier than in `delayMs`, is a new charge for the provider. */
export async function saveDecline(
  trx: CoopTransaction,
  enrollmentId: string,
  { providerChargeId, payBy, delayMs }: { providerChargeId: string; payBy: Date; delayMs: number },
): Promise<void> {
  await trx.query({
    name: 'charge_save_decline',
    text: `update charges set declines = declines + 1, declined_charge_ids = array_append(declined_charge_ids, $3),
        pay_by = $4, attempts = 0, last_error = 'declined', updated_at = now(),
        next_attempt_at = greatest(least(now() + $5 * interval '1 millisecond', $4), now() + interval '10 milliseconds')
      where coop_id = $1 and enrollment_id = $2`,
    values: [trx.coopId, enrollmentId, providerChargeId, payBy, delayMs],
  });
}

/** @returns false when the family was notified before. */
export async function markDelayNotified(trx: CoopTransaction, enrollmentId: string): Promise<boolean> {
  const { rowCount } = await trx.query({
    name: 'charge_mark_delay_notified',
    text: `update charges set delay_notified_at = now()
      where coop_id = $1 and enrollment_id = $2 and delay_notified_at is null`,
    values: [trx.coopId, enrollmentId],
  });
  return rowCount === 1;
}

/**
 * The co-op of an enrollment's charge. The payment provider knows the enrollment alone, so this asks all co-ops.
 * @returns undefined when the enrollment has no charge.
 */
export async function findCoopOfCharge(db: Queryable, enrollmentId: string): Promise<string | undefined> {
  const { rows } = await db.query<{ coopId: string }>({
    name: 'charge_coop',
    text: 'select /* every co-op */ coop_id as "coopId" from charges where enrollment_id = $1',
    values: [enrollmentId],
  });
  return rows[0]?.coopId;
}

/** A charge or refund that this worker has claimed. */
export interface Claim extends Charge {
  readonly coopId: string;
  readonly enrollment: Status;
  /** canceled: since when. */
  readonly class: Pick<ClassView, 'lastDay' | 'timeZone'> & { readonly canceled: string | null };
  /** How long before this claim a worker last asked the provider to charge. */
  readonly askedAgoMs: number | null;
}

/** Claims up to `limit` rows of all co-ops that are due, each for one worker, and for at most `leaseMs`, in case the worker dies. */
export async function claimDue(
  db: Queryable,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<Claim[]> {
  const { rows } = await db.query<Omit<Claim, keyof Charge> & { charge: Charge }>({
    name: 'charges_claim',
    text: `with due as materialized (
        select /* every co-op */ coop_id, enrollment_id, asked_at from charges
        where state in ('due', 'refund_due') and next_attempt_at <= now()
        order by next_attempt_at limit $1 for update skip locked
      )
      update charges c set attempts = c.attempts + 1, next_attempt_at = now() + $2 * interval '1 millisecond',
        asked_at = case when c.state = 'due' and e.status = 'payment_pending' then now() else c.asked_at end
      from due, enrollments e, classes k
      where c.coop_id = due.coop_id and c.enrollment_id = due.enrollment_id
        and e.coop_id = due.coop_id and e.enrollment_id = due.enrollment_id
        and k.coop_id = e.coop_id and k.class_id = e.class_id
      returning c.coop_id as "coopId", ${chargeJson('c')} as charge, e.status as enrollment,
        json_build_object('lastDay', k.last_day, 'timeZone', k.time_zone, 'canceled', k.canceled_at) as class,
        (extract(epoch from now() - due.asked_at) * 1000)::int as "askedAgoMs"`,
    values: [limit, leaseMs],
  });
  return rows.map(({ charge, ...row }) => ({ ...charge, ...row }));
}

/**
 * Releases a claimed row until later.
 * @param attempted whether the request may have reached the provider; when not, the attempt does not count.
 */
export async function postpone(
  db: CoopQueryable,
  claim: Claim,
  { delayMs, attempted, reason }: { delayMs: number; attempted: boolean; reason: string },
): Promise<void> {
  await db.query({
    name: 'charge_postpone',
    text: `update charges set attempts = attempts - $4, next_attempt_at = now() + $5 * interval '1 millisecond',
        last_error = $6, updated_at = now()
      where coop_id = $1 and enrollment_id = $2 and attempts = $3 and state = $7`,
    values: [
      db.coopId,
      claim.enrollmentId,
      claim.attempts,
      attempted ? 0 : 1,
      delayMs,
      reason.slice(0, 500),
      claim.state,
    ],
  });
}
