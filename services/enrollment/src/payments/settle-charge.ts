import type { Transaction } from '@homeroom/postgres';
import { lockClass, readClass } from '../classes/store.ts';
import { release } from '../enrollments/cancel-enrollment.ts';
import { locateEnrollment, lockEnrollment, record } from '../enrollments/store.ts';
import { settle, type ChargeOutcome, type Settlement } from './charge.ts';
import { lockCharge, saveCharge } from './store.ts';

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
  const place = await locateEnrollment(trx, enrollmentId);
  if (place === undefined) return 'unknown';
  // a decline gives the seat back, which needs the class, and the class is locked before anything else
  if (outcome.kind === 'declined') await lockClass(trx, place.classId);
  const enrollment = await lockEnrollment(trx, enrollmentId);
  const charge = await lockCharge(trx, enrollmentId);
  if (enrollment === undefined || charge === undefined) return 'unknown';

  const next = settle(charge.state, enrollment.status, outcome);
  if (next === undefined) return 'stale';
  const providerChargeId = 'providerChargeId' in outcome ? outcome.providerChargeId : undefined;
  await saveCharge(trx, enrollmentId, { state: next.state, providerChargeId });
  const at = new Date();
  const { classId, childId, familyId, amountCents } = enrollment;
  if (next.enrollment === 'confirm') {
    const about = await readClass(trx, classId);
    if (about === undefined) throw new Error(`class ${classId} of enrolment ${enrollmentId} does not exist`);
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
