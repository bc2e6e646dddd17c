import type { Database, Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import { countSeats, lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import { cancelCharge, type Charge } from '../payments/charge.ts';
import { lockCharge, saveCharge } from '../payments/store.ts';
import { holdsSeat, type CancelReason, type Enrollment, type EnrollmentEvent } from './enrollment.ts';
import { promoteWaiting } from './promote-waiting.ts';
import { locateEnrollment, lockEnrollment, record, releaseSlot } from './store.ts';
import type { Terms } from './terms.ts';

export interface CancelRequest {
  readonly enrollmentId: string;
  /** Whose it must be; absent when a coordinator asks. */
  readonly familyId: string | undefined;
}

type Cancelled = Extract<Enrollment, { status: 'cancelled' }> & {
  readonly currency: string;
  /** Why a paid seat is not refunded. */
  readonly noRefund?: 'class_ended';
};

/** Ends an enrollment and hands its seat on, in one transaction. Asking twice gives the first answer. */
export async function cancelEnrollment(
  db: Database,
  { enrollmentId, familyId }: CancelRequest,
  terms: Terms,
): Promise<Cancelled> {
  return db.transaction(async (trx) => {
    const place = await locateEnrollment(trx, enrollmentId);
    if (place === undefined || (familyId !== undefined && place.familyId !== familyId)) {
      throw errors.problem('enrollment_not_found');
    }
    const reason = familyId === undefined ? 'by_coordinator' : 'by_family';
    return release(trx, { enrollmentId, classId: place.classId, reason, at: new Date(), terms });
  });
}

/** Class first, so that all who give a seat back or wait for one take their locks in the same order. */
export async function release(
  trx: Transaction,
  {
    enrollmentId,
    classId,
    reason,
    at,
    terms,
  }: { enrollmentId: string; classId: string; reason: CancelReason; at: Date; terms: Terms },
): Promise<Cancelled> {
  const locked = await lockClass(trx, classId);
  const before = await lockEnrollment(trx, enrollmentId);
  if (locked === undefined || before === undefined) throw errors.problem('enrollment_not_found');
  const charge = before.amountCents > 0 ? await lockCharge(trx, enrollmentId) : undefined;
  if (before.status === 'cancelled') return answer(before, locked, charge);

  const { state, refundCents } = cancelCharge(charge, hasEnded(locked, at));
  if (charge !== undefined && state !== undefined && state !== charge.state) {
    await saveCharge(trx, enrollmentId, { state });
  }
  const cancelled = await record(trx, before, [ending(before, locked, reason, refundCents, charge)], at, locked);
  if (cancelled.status !== 'cancelled')
    throw new Error(`enrollment ${enrollmentId} is not canceled by its cancellation`);

  const hadSeat = holdsSeat(before);
  if (hadSeat) await releaseSlot(trx, before);
  await countSeats(trx, classId, hadSeat ? { taken: -1, waitlisted: 0 } : { taken: 0, waitlisted: -1 });
  const freed = hadSeat
    ? { ...locked, seatsLeft: locked.seatsLeft + 1 }
    : { ...locked, waitlisted: locked.waitlisted - 1 };
  await promoteWaiting(trx, freed, at, terms);
  return answer(cancelled, locked, state === undefined || charge === undefined ? undefined : { ...charge, state });
}

function ending(
  { childId, familyId }: Enrollment,
  { id: classId, currency }: ClassView,
  reason: CancelReason,
  refundCents: number,
  charge: Charge | undefined,
): EnrollmentEvent {
  const subject = { classId, childId, familyId };
  if (reason === 'offer_expired') return { ...subject, type: 'offer-expired' };
  const kept = charge?.state === 'charged' && refundCents === 0 ? { noRefund: 'class_ended' as const } : {};
  return { ...subject, type: 'cancelled', reason, refundCents, currency, ...kept };
}

/** A charge that stays charged after the cancellation is one of a class that had ended. */
const answer = (
  cancelled: Extract<Enrollment, { status: 'cancelled' }>,
  { currency }: ClassView,
  charge: Charge | undefined,
): Cancelled => ({ currency, ...cancelled, ...(charge?.state === 'charged' ? { noRefund: 'class_ended' } : {}) });
