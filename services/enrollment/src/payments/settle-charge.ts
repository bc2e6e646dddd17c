import { accepted } from '@homeroom/chassis';
import type { CoopTransaction } from '@homeroom/postgres';
import { isOver } from '../classes/ended.ts';
import { lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import type { ChargeState } from '../seats/charge.ts';
import { lockCharge, saveCharge } from '../seats/charge-store.ts';
import { freeSeat } from '../seats/free-seat.ts';
import { findClassOf, record } from '../seats/store.ts';
import type { Terms } from '../seats/terms.ts';
import { declinedDelayMs, settle, type ChargeOutcome } from './charge.ts';
import { lockForSettling, saveDecline, type Settling } from './store.ts';

/**
 * What an outcome changed: `held` when a declined charge is tried again, `stale` when it was known already, `unknown` when
 * it belongs to no enrollment.
 */
export type Settled = ChargeState | 'held' | 'stale' | 'unknown';

/**
 * Applies the outcome of a charge, from the worker's call, its later query, or a webhook; a repeated one changes nothing.
 * Charge, enrollment, seat, and events change together.
 */
export async function settleCharge(
  trx: CoopTransaction,
  { enrollmentId, outcome, terms }: { enrollmentId: string; outcome: ChargeOutcome; terms: Terms },
): Promise<Settled> {
  if (outcome.kind === 'declined') {
    // a decline may free the seat, which needs the class, and the class is locked before anything else
    const classId = await findClassOf(trx, { enrollmentId });
    if (classId !== undefined) await lockClass(trx, classId);
  }
  const locked = await lockForSettling(trx, enrollmentId);
  if (locked === undefined) return 'unknown';
  const { enrollment, charge, class: about } = locked;
  const providerChargeId = 'providerChargeId' in outcome ? outcome.providerChargeId : undefined;
  // a late or repeated outcome of an earlier attempt: counted again, it would let the current charge be made twice
  if (providerChargeId !== undefined && charge.declinedChargeIds.includes(providerChargeId)) return 'stale';

  const at = new Date();
  const payBy = new Date(charge.payBy ?? at.getTime() + terms.graceMs);
  const ended = isOver(about, at);
  const next = settle(charge.state, enrollment.status, outcome, { ended, graceOver: at >= payBy || ended });
  if (next === undefined) return 'stale';
  if (next.enrollment === 'hold') {
    await hold(trx, locked, { providerChargeId: providerChargeId ?? '', payBy, at });
    return 'held';
  }
  await saveCharge(trx, enrollmentId, { state: next.state, providerChargeId });
  const { classId, amountCents } = enrollment;
  const { currency } = charge;
  if (next.enrollment === 'confirm') {
    await record(trx, enrollment, [{ type: 'confirmed', amountCents, currency }], at, about);
  }
  if (next.enrollment === 'cancel') {
    accepted(errors, await freeSeat(trx, { enrollmentId, classId, reason: 'payment_declined', at, terms }));
  }
  return next.state;
}

/** The seat stays and the charge is tried again; the family is notified of the first decline only. */
async function hold(
  trx: CoopTransaction,
  { enrollment, charge, class: about }: Settling,
  { providerChargeId, payBy, at }: { providerChargeId: string; payBy: Date; at: Date },
): Promise<void> {
  await saveDecline(trx, enrollment.id, { providerChargeId, payBy, delayMs: declinedDelayMs(charge.declines) });
  if (charge.declines > 0) return;
  const { amountCents, currency } = charge;
  const failed = { type: 'payment-failed', amountCents, currency, payBy: payBy.toISOString() } as const;
  await record(trx, enrollment, [failed], at, about);
}

/** Applies a refund that was made. A refund that is not due changes nothing. */
export async function settleRefund(
  trx: CoopTransaction,
  { enrollmentId, providerRefundId }: { enrollmentId: string; providerRefundId: string },
): Promise<Settled> {
  const charge = await lockCharge(trx, enrollmentId);
  if (charge === undefined) return 'unknown';
  if (charge.state !== 'refund_due') return 'stale';
  await saveCharge(trx, enrollmentId, { state: 'refunded', providerRefundId });
  return 'refunded';
}
