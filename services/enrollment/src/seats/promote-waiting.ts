import type { CoopTransaction } from '@homeroom/postgres';
import { overlaps } from '../classes/class.ts';
import { isOver } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import { openCharge } from './charge-store.ts';
import { agreedCents, type Change, type Enrollment } from './enrollment.ts';
import { holdSlot, lockBusyHours } from './slots.ts';
import { countSeats, lockFirstWaiting, record } from './store.ts';
import type { Terms } from './terms.ts';

/**
 * Gives every free seat of a locked class to the first on the waitlist, until no seat is free or the waitlist is empty. A
 * child that has another class at that hour by now is offered the seat: nothing is charged until the family accepts. A
 * class that has ended or is canceled promotes no one.
 */
export async function promoteWaiting(
  trx: CoopTransaction,
  locked: ClassView,
  at: Date,
  terms: Terms,
): Promise<ClassView> {
  if (isOver(locked, at)) return locked;
  let now = locked;
  while (now.seatsLeft > 0 && now.waitlisted > 0) {
    const first = await lockFirstWaiting(trx, now.id);
    if (first === undefined) throw new Error(`class ${now.id} counts ${now.waitlisted} on a waitlist that is empty`);
    const clash = await findClash(trx, first.childId, now);
    if (clash === undefined) await giveSeat(trx, first, now, at);
    else await record(trx, first, [offer(first, now, clash, new Date(at.getTime() + terms.offerMs))], at, now);
    await countSeats(trx, now.id, { taken: 1, waitlisted: -1 });
    now = { ...now, seatsLeft: now.seatsLeft - 1, waitlisted: now.waitlisted - 1 };
  }
  return now;
}

type Clash = Awaited<ReturnType<typeof lockBusyHours>>[number];

/** Locks the child, and finds which of its classes conflicts with another. */
export async function findClash(trx: CoopTransaction, childId: string, wanted: ClassView): Promise<Clash | undefined> {
  const busy = await lockBusyHours(trx, childId);
  return busy.find((slot) => slot.classId !== wanted.id && overlaps(slot, wanted));
}

/** Gives a seat that is counted already to the child: its hours are busy, its price is due. */
export async function giveSeat(
  trx: CoopTransaction,
  waited: Enrollment,
  about: ClassView,
  at: Date,
): Promise<Enrollment> {
  const amountCents = agreedCents(waited, about);
  const { currency } = about;
  // one that costs nothing is confirmed at once, with one event
  const type = amountCents === 0 ? 'confirmed' : 'promoted';
  const given = await record(trx, waited, [{ type, amountCents, currency }], at, about);
  await holdSlot(trx, waited);
  if (amountCents > 0) await openCharge(trx, waited.id, { amountCents, currency });
  return given;
}

function offer(first: Enrollment, about: ClassView, clash: Clash, expiresAt: Date): Change {
  const { title, weekday, startTime, endTime } = clash;
  return {
    type: 'offered',
    amountCents: agreedCents(first, about),
    currency: about.currency,
    reason: 'schedule_conflict',
    conflictsWith: { classId: clash.classId, title, weekday, startTime, endTime },
    expiresAt: expiresAt.toISOString(),
  };
}
