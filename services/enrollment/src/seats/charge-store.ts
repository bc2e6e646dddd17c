import type { CoopTransaction } from '@homeroom/postgres';
import type { Charge, ChargeState } from './charge.ts';

/** A `Charge` as JSON. Takes a row of `charges`. */
export const chargeJson = (row: string): string => `json_strip_nulls(json_build_object(
  'enrollmentId', ${row}.enrollment_id, 'amountCents', ${row}.amount_cents, 'currency', ${row}.currency,
  'state', ${row}.state, 'attempts', ${row}.attempts, 'declines', ${row}.declines,
  'declinedChargeIds', ${row}.declined_charge_ids, 'payBy', ${row}.pay_by,
  'providerChargeId', ${row}.provider_charge_id))`;

/** A seat that costs money has been taken: the worker collects the charge. */
export async function openCharge(
  trx: CoopTransaction,
  enrollmentId: string,
  { amountCents, currency }: Pick<Charge, 'amountCents' | 'currency'>,
): Promise<void> {
  await trx.query({
    name: 'charge_open',
    text: 'insert into charges (coop_id, enrollment_id, amount_cents, currency) values ($1, $2, $3, $4)',
    values: [trx.coopId, enrollmentId, amountCents, currency],
  });
}

export async function lockCharge(trx: CoopTransaction, enrollmentId: string): Promise<Charge | undefined> {
  const { rows } = await trx.query<{ charge: Charge }>({
    name: 'charge_lock',
    text: `select ${chargeJson('c')} as charge from charges c
      where coop_id = $1 and enrollment_id = $2 for no key update`,
    values: [trx.coopId, enrollmentId],
  });
  return rows[0]?.charge;
}

/** Saves a new state, which is due at once. */
export async function saveCharge(
  trx: CoopTransaction,
  enrollmentId: string,
  next: { state: ChargeState; providerChargeId?: string | undefined; providerRefundId?: string | undefined },
): Promise<void> {
  await trx.query({
    name: 'charge_save',
    text: `update charges set state = $3, provider_charge_id = coalesce($4, provider_charge_id),
        provider_refund_id = coalesce($5, provider_refund_id), attempts = 0, next_attempt_at = now(),
        last_error = null, updated_at = now()
      where coop_id = $1 and enrollment_id = $2`,
    values: [trx.coopId, enrollmentId, next.state, next.providerChargeId ?? null, next.providerRefundId ?? null],
  });
}

/** Whether anything was or may be charged in the class's currency. The class must be locked. */
export async function hasMoney(trx: CoopTransaction, classId: string): Promise<boolean> {
  const { rows } = await trx.query<{ found: boolean }>({
    name: 'class_has_money',
    text: `select exists (select from enrollments e
      left join charges c on c.coop_id = e.coop_id and c.enrollment_id = e.enrollment_id
      where e.coop_id = $1 and e.class_id = $2 and (e.status <> 'cancelled' or c.enrollment_id is not null)) as found`,
    values: [trx.coopId, classId],
  });
  return rows[0]?.found === true;
}
