import type { Transaction } from '@homeroom/postgres';
import type { Charge, ChargeState } from './charge.ts';

/** A `Charge` as JSON. Takes a row of `charges`. */
export const chargeJson = (row: string): string => `json_strip_nulls(json_build_object(
  'enrollmentId', ${row}.enrollment_id, 'amountCents', ${row}.amount_cents, 'currency', ${row}.currency,
  'state', ${row}.state, 'attempts', ${row}.attempts, 'declines', ${row}.declines,
  'declinedChargeIds', ${row}.declined_charge_ids, 'payBy', ${row}.pay_by,
  'providerChargeId', ${row}.provider_charge_id))`;

/** A seat that costs money has been taken: the worker collects the charge. */
export async function openCharge(
  trx: Transaction,
  enrollmentId: string,
  { amountCents, currency }: Pick<Charge, 'amountCents' | 'currency'>,
): Promise<void> {
  await trx.query({
    name: 'charge_open',
    text: 'insert into charges (enrollment_id, amount_cents, currency) values ($1, $2, $3)',
    values: [enrollmentId, amountCents, currency],
  });
}

export async function lockCharge(trx: Transaction, enrollmentId: string): Promise<Charge | undefined> {
  const { rows } = await trx.query<{ charge: Charge }>({
    name: 'charge_lock',
    text: `select ${chargeJson('c')} as charge from charges c where enrollment_id = $1 for no key update`,
    values: [enrollmentId],
  });
  return rows[0]?.charge;
}

/** Saves a new state, which is due at once. */
export async function saveCharge(
  trx: Transaction,
  enrollmentId: string,
  next: { state: ChargeState; providerChargeId?: string | undefined; providerRefundId?: string | undefined },
): Promise<void> {
  await trx.query({
    name: 'charge_save',
    text: `update charges set state = $2, provider_charge_id = coalesce($3, provider_charge_id),
        provider_refund_id = coalesce($4, provider_refund_id), attempts = 0, next_attempt_at = now(),
        last_error = null, updated_at = now()
      where enrollment_id = $1`,
    values: [enrollmentId, next.state, next.providerChargeId ?? null, next.providerRefundId ?? null],
  });
}

/** Whether anything was or may be charged in the class's currency. The class must be locked. */
export async function hasMoney(trx: Transaction, classId: string): Promise<boolean> {
  const { rows } = await trx.query<{ found: boolean }>({
    name: 'class_has_money',
    text: `select exists (select from enrollments e left join charges c on c.enrollment_id = e.enrollment_id
      where e.class_id = $1 and (e.status <> 'cancelled' or c.enrollment_id is not null)) as found`,
    values: [classId],
  });
  return rows[0]?.found === true;
}
