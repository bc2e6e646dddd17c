import type { Transaction } from '@homeroom/postgres';
import { lockClass } from '../classes/store.ts';
import { release } from '../enrollments/cancel-enrollment.ts';
import { locateEnrollment, record } from '../enrollments/store.ts';
import { settle, type ChargeOutcome, type Settlement } from './charge.ts';
import { lockCharge, lockForSettling, saveCharge } from './store.ts';

/** What the news did: `stale` when it was known already, `unknown` when it is of no enrolment of ours. */
export type Settled = Settlement['state'] | 'stale' | 'unknown';

/**
 * Takes in what the provider did with a charge, whoever brings the news and how often: the worker's own call, its
 * question afterwards, or a webhook. Charge, enrolment, seat and events change together.
 */
export async function settleCharge(
  trx: Transaction,
  { enrollmentId, outcome }: { enrollmentId: string; outcome: ChargeOutcome },
): Promise<Settled> {
  if (outcome.kind === 'declined') {
    // a decline gives the seat back, which needs the class, and the class is locked before anything else
    const place = await locateEnrollment(trx, enrollmentId);
    if (place !== undefined) await lockClass(trx, place.classId);
  }
  const locked = await lockForSettling(trx, enrollmentId);
  if (locked === undefined) return 'unknown';
  const { enrollment, charge, class: about } = locked;

  const next = settle(charge.state, enrollment.status, outcome);
  if (next === undefined) return 'stale';
  const providerChargeId = 'providerChargeId' in outcome ? outcome.providerChargeId : undefined;
  await saveCharge(trx, enrollmentId, { state: next.state, providerChargeId });
  const at = new Date();
  const { classId, childId, familyId, amountCents } = enrollment;
  if (next.enrollment === 'confirm') {
    await record(trx, enrollment, [{ type: 'confirmed', classId, childId, familyId, amountCents }], at, about);
  }
  if (next.enrollment === 'cancel') await release(trx, { enrollmentId, classId, reason: 'payment_declined', at });
  return next.state;
}

/** Takes in that a refund was made. News of a refund that nobody asked for changes nothing. */
export async function settleRefund(
  trx: Transaction,
  { enrollmentId, providerRefundId }: { enrollmentId: string; providerRefundId: string },
): Promise<Settled> {
  const charge = await lockCharge(trx, enrollmentId);
  if (charge === undefined) return 'unknown';
  if (charge.state !== 'refund_due') return 'stale';
  await saveCharge(trx, enrollmentId, { state: 'refunded', providerRefundId });
  return 'refunded';
}
