import { refused, type Refused } from '@homeroom/chassis';
import type { CoopTransaction } from '@homeroom/postgres';
import { hasEnded } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import { lockClass } from '../classes/store.ts';
import { cancelCharge, type Charge } from './charge.ts';
import { lockCharge, saveCharge } from './charge-store.ts';
import { holdsSeat, type CancelReason, type Change, type Enrollment } from './enrollment.ts';
import { promoteWaiting } from './promote-waiting.ts';
import { releaseSlot } from './slots.ts';
import { countSeats, lockEnrollment, record } from './store.ts';
import type { Terms } from './terms.ts';

export type Canceled = Extract<Enrollment, { status: 'cancelled' }> & {
  readonly currency: string;
  /** Why a paid seat is not refunded. */
  readonly noRefund?: 'class_ended';
};

export interface Ending {
  readonly enrollmentId: string;
  readonly classId: string;
  readonly reason: CancelReason;
  readonly at: Date;
  readonly terms: Terms;
}

/**
 * Ends an enrollment: its seat goes to the first on the waitlist, or its waitlist place is removed. Ending it again changes
 * nothing. The class is locked first, so that everything that frees or takes a seat locks in the same order.
 */
export async function freeSeat(
  trx: CoopTransaction,
  { enrollmentId, classId, reason, at, terms }: Ending,
): Promise<Canceled | Refused<'enrollment_not_found'>> {
  const locked = await lockClass(trx, classId);
  const before = await lockEnrollment(trx, enrollmentId);
  if (locked === undefined || before === undefined) return refused('enrollment_not_found');
  const charge = before.amountCents > 0 ? await lockCharge(trx, enrollmentId) : undefined;
  if (before.status === 'cancelled') return canceledOf(before, locked, charge);

  // the families of a canceled class get their money back, also when the last day has passed meanwhile
  const { state, refundCents } = cancelCharge(charge, locked.canceled == null && hasEnded(locked, at));
  if (charge !== undefined && state !== undefined && state !== charge.state) {
    await saveCharge(trx, enrollmentId, { state });
  }
  const canceled = await record(trx, before, [endOf(locked, reason, refundCents, charge)], at, locked);
  if (canceled.status !== 'cancelled') throw new Error(`enrollment ${enrollmentId} is still ${canceled.status}`);

  const hadSeat = holdsSeat(before);
  if (hadSeat) await releaseSlot(trx, before);
  await countSeats(trx, classId, hadSeat ? { taken: -1, waitlisted: 0 } : { taken: 0, waitlisted: -1 });
  const freed = hadSeat
    ? { ...locked, seatsLeft: locked.seatsLeft + 1 }
    : { ...locked, waitlisted: locked.waitlisted - 1 };
  await promoteWaiting(trx, freed, at, terms);
  return canceledOf(canceled, locked, state === undefined || charge === undefined ? undefined : { ...charge, state });
}

function endOf(
  { currency, canceled }: ClassView,
  reason: CancelReason,
  refundCents: number,
  charge: Charge | undefined,
): Change {
  if (reason === 'offer_expired') return { type: 'offer-expired' };
  const kept = charge?.state === 'charged' && refundCents === 0 ? { noRefund: 'class_ended' as const } : {};
  const withClass = canceled == null ? {} : { classCanceled: { reason: canceled.reason } };
  return { type: 'cancelled', reason, refundCents, currency, ...kept, ...withClass };
}

/** A charge that stays charged after the cancellation is one of a class that had ended. */
const canceledOf = (
  canceled: Extract<Enrollment, { status: 'cancelled' }>,
  { currency }: ClassView,
  charge: Charge | undefined,
): Canceled => ({
  ...canceled,
  currency: canceled.currency ?? currency,
  ...(charge?.state === 'charged' ? { noRefund: 'class_ended' } : {}),
});
