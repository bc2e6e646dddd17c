import type { Database, Transaction } from '@homeroom/postgres';
import { countSeats, lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import { cancelCharge } from '../payments/charge.ts';
import { lockCharge, saveCharge } from '../payments/store.ts';
import { holdsSeat, type CancelReason, type Enrollment } from './enrollment.ts';
import { promoteWaiting } from './promote-waiting.ts';
import { locateEnrollment, lockEnrollment, record, releaseSlot } from './store.ts';

export interface CancelRequest {
  readonly enrollmentId: string;
  /** Whose it must be; absent when a coordinator asks. */
  readonly familyId: string | undefined;
}

type Cancelled = Extract<Enrollment, { status: 'cancelled' }>;

/** Ends an enrolment and hands its seat on, in one transaction. Asking twice gives the first answer. */
export async function cancelEnrollment(db: Database, { enrollmentId, familyId }: CancelRequest): Promise<Cancelled> {
  return db.transaction(async (trx) => {
    const place = await locateEnrollment(trx, enrollmentId);
    if (place === undefined || (familyId !== undefined && place.familyId !== familyId)) {
      throw errors.problem('enrollment_not_found');
    }
    const reason = familyId === undefined ? 'by_coordinator' : 'by_family';
    return release(trx, { enrollmentId, classId: place.classId, reason, at: new Date() });
  });
}

/** Class first, so that whoever gives a seat back and whoever waits for one meet in the same order everywhere. */
export async function release(
  trx: Transaction,
  { enrollmentId, classId, reason, at }: { enrollmentId: string; classId: string; reason: CancelReason; at: Date },
): Promise<Cancelled> {
  const locked = await lockClass(trx, classId);
  const before = await lockEnrollment(trx, enrollmentId);
  if (locked === undefined || before === undefined) throw errors.problem('enrollment_not_found');
  if (before.status === 'cancelled') return before;

  const charge = before.amountCents > 0 ? await lockCharge(trx, enrollmentId) : undefined;
  const { state, refundCents } = cancelCharge(charge);
  if (charge !== undefined && state !== undefined && state !== charge.state) {
    await saveCharge(trx, enrollmentId, { state });
  }
  const { childId, familyId } = before;
  const cancelled = await record(
    trx,
    before,
    [{ type: 'cancelled', classId, childId, familyId, reason, refundCents }],
    at,
    locked,
  );
  if (cancelled.status !== 'cancelled')
    throw new Error(`enrolment ${enrollmentId} is not cancelled after its cancelling`);

  const hadSeat = holdsSeat(before);
  if (hadSeat) await releaseSlot(trx, before);
  await countSeats(trx, classId, hadSeat ? { taken: -1, waitlisted: 0 } : { taken: 0, waitlisted: -1 });
  const freed = hadSeat
    ? { ...locked, seatsLeft: locked.seatsLeft + 1 }
    : { ...locked, waitlisted: locked.waitlisted - 1 };
  await promoteWaiting(trx, freed, at);
  return cancelled;
}
