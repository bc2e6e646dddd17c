import type { Queryable, Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import type { Enrollment } from '../enrollments/enrollment.ts';
import type { Charge, ChargeState } from './charge.ts';

interface Row extends Omit<Charge, 'providerChargeId'> {
  readonly providerChargeId: string | null;
}

const columns = `enrollment_id as "enrollmentId", amount_cents as "amountCents", currency, state, attempts,
  provider_charge_id as "providerChargeId"`;

const chargeOf = (row: Row): Charge => ({ ...row, providerChargeId: row.providerChargeId ?? undefined });

/** A seat that costs money has been given: the worker will ask for it. */
export async function openCharge(
  trx: Transaction,
  enrollmentId: string,
  { priceCents, currency }: Pick<ClassView, 'priceCents' | 'currency'>,
): Promise<void> {
  await trx.query({
    name: 'charge-open',
    text: 'insert into charges (enrollment_id, amount_cents, currency) values ($1, $2, $3)',
    values: [enrollmentId, priceCents, currency],
  });
}

export async function lockCharge(trx: Transaction, enrollmentId: string): Promise<Charge | undefined> {
  const { rows } = await trx.query<Row>({
    name: 'charge-lock',
    text: `select ${columns} from charges where enrollment_id = $1 for no key update`,
    values: [enrollmentId],
  });
  return rows[0] && chargeOf(rows[0]);
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

/** A charge or refund that this worker has taken up until its claim runs out. */
export interface Claim extends Charge {
  readonly enrollment: Enrollment['status'];
}

/** Takes up to `limit` rows that are due, each for one worker, and for `leaseMs` at most: a worker may die. */
export async function claimDue(
  db: Queryable,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<Claim[]> {
  const { rows } = await db.query<Row & { enrollment: Enrollment['status'] }>({
    name: 'charges-claim',
    text: `update charges set attempts = attempts + 1, next_attempt_at = now() + $2 * interval '1 millisecond'
      where enrollment_id in (
        select enrollment_id from charges where state in ('due', 'refund_due') and next_attempt_at <= now()
        order by next_attempt_at limit $1 for update skip locked)
      returning ${columns},
        (select status from enrollments e where e.enrollment_id = charges.enrollment_id) as enrollment`,
    values: [limit, leaseMs],
  });
  return rows.map(({ enrollment, ...row }) => ({ ...chargeOf(row), enrollment }));
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
