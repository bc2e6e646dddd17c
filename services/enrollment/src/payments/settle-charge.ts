import type { Transaction } from '@homeroom/postgres';
import { lockClass } from '../classes/store.ts';
import { release } from '../enrollments/cancel-enrollment.ts';
import { locateEnrollment, record } from '../enrollments/store.ts';
import { hasEnded } from '../classes/ended.ts';
import { defaultTerms, type Terms } from '../enrollments/terms.ts';
import { declinedDelayMs, settle, type ChargeOutcome, type ChargeState } from './charge.ts';
import { lockCharge, lockForSettling, saveCharge, saveDecline, type Settling } from './store.ts';

/**
 * What the news did: `held` when a declined charge is tried again, `stale` when it was known already, `unknown` when it is
 * of no enrollment of ours.
 */
export type Settled = ChargeState | 'held' | 'stale' | 'unknown';

/**
 * Takes in what the provider did with a charge, whoever brings the news and how often: the worker's own call, its
 * question afterwards, or a webhook. Charge, enrolment, seat and events change together.
 */
export async function settleCharge(
  trx: Transaction,
  {
    enrollmentId,
    outcome,
    terms = defaultTerms,
  }: { enrollmentId: string; outcome: ChargeOutcome; terms?: Terms | undefined },
): Promise<Settled> {
  if (outcome.kind === 'declined') {
    // a decline may give the seat back, which needs the class, and the class is locked before anything else
    const place = await locateEnrollment(trx, enrollmentId);
    if (place !== undefined) await lockClass(trx, place.classId);
  }
  const locked = await lockForSettling(trx, enrollmentId);
  if (locked === undefined) return 'unknown';
  const { enrollment, charge, class: about } = locked;
  const providerChargeId = 'providerChargeId' in outcome ? outcome.providerChargeId : undefined;
  // news of an earlier try, late or twice: counted again it would let the charge under way be made twice
  if (providerChargeId !== undefined && charge.declinedChargeIds.includes(providerChargeId)) return 'stale';

  const at = new Date();
  const payBy = charge.payBy ?? new Date(at.getTime() + terms.graceMs);
  const ended = hasEnded(about, at);
  const next = settle(charge.state, enrollment.status, outcome, { ended, graceOver: at >= payBy || ended });
  if (next === undefined) return 'stale';
  if (next.enrollment === 'hold') {
    await hold(trx, locked, { providerChargeId: providerChargeId ?? '', payBy, at });
    return 'held';
  }
  await saveCharge(trx, enrollmentId, { state: next.state, providerChargeId });
  const { classId, childId, familyId, amountCents } = enrollment;
  const { currency } = charge;
  if (next.enrollment === 'confirm') {
    const confirmed = { type: 'confirmed', classId, childId, familyId, amountCents, currency } as const;
    await record(trx, enrollment, [confirmed], at, about);
  }
  if (next.enrollment === 'cancel') {
    await release(trx, { enrollmentId, classId, reason: 'payment_declined', at, terms });
  }
  return next.state;
}

/** The seat stays, the charge is tried again; the family hears of the first decline only. */
async function hold(
  trx: Transaction,
  { enrollment, charge, class: about }: Settling,
  { providerChargeId, payBy, at }: { providerChargeId: string; payBy: Date; at: Date },
): Promise<void> {
  await saveDecline(trx, enrollment.id, { providerChargeId, payBy, delayMs: declinedDelayMs(charge.declines) });
  if (charge.declines > 0) return;
  const { classId, childId, familyId } = enrollment;
  const { amountCents, currency } = charge;
  const failed = { type: 'payment-failed', classId, childId, familyId, amountCents, currency } as const;
  await record(trx, enrollment, [{ ...failed, payBy: payBy.toISOString() }], at, about);
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
