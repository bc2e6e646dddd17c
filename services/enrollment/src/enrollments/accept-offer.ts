import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { once, transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import { dateOf, hoursOf } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import { lockClass } from '../classes/store.ts';
import type { Enrollment } from '../seats/enrollment.ts';
import { findClash, giveSeat } from '../seats/promote-waiting.ts';
import { findClassOf, lockEnrollment, readChildName, type OwnedEnrollment } from '../seats/store.ts';
import type { Enrolled } from './schemas.ts';

export interface AcceptRequest extends OwnedEnrollment {
  readonly accountId: string;
  readonly idempotencyKey: string | undefined;
}

/**
 * Takes the seat that was offered, once the child is free at that hour: it is charged, or confirmed when it costs nothing.
 * Accepting again changes nothing.
 */
export async function acceptOffer(
  { db }: { db: CoopDatabase },
  { enrollmentId, familyId, accountId, idempotencyKey }: AcceptRequest,
): Promise<Enrolled | Refused> {
  return transact(db, async (trx) => {
    const classId = await findClassOf(trx, { enrollmentId, familyId });
    if (classId === undefined) return refused('enrollment_not_found');
    const request = ['POST', `/api/enrollments/${enrollmentId}/accept`, null] as const;
    return once(trx, { principal: accountId, key: idempotencyKey, request, status: 200 }, async () => {
      const locked = await lockClass(trx, classId);
      const before = await lockEnrollment(trx, enrollmentId);
      if (locked === undefined || before === undefined) return refused('enrollment_not_found');
      const accepted = await accept(trx, before, locked, new Date());
      return isRefused(accepted) ? accepted : enrolledOf(accepted, locked, await readChildName(trx, accepted.childId));
    });
  });
}

const enrolledOf = (
  { id, version, status, childId, amountCents, currency }: Enrollment,
  locked: ClassView,
  childName: string,
): Enrolled => ({
  id,
  version,
  status,
  class: { id: locked.id, title: locked.title },
  child: { id: childId, name: childName },
  amountCents,
  currency: currency ?? locked.currency,
});

async function accept(
  trx: CoopTransaction,
  before: Enrollment,
  locked: ClassView,
  at: Date,
): Promise<
  Enrollment | Refused<'offer_expired' | 'not_offered' | 'class_canceled' | 'class_ended' | 'schedule_conflict'>
> {
  if (before.status === 'payment_pending' || before.status === 'enrolled') return before;
  const isOver = before.status === 'cancelled' && before.reason === 'offer_expired';
  // an expired offer may wait for the worker to end it: its deadline decides
  if (isOver || (before.status === 'offered' && before.expiresAt <= at)) return refused('offer_expired');
  if (before.status !== 'offered') return refused('not_offered');
  if (locked.canceled != null)
    return refused('class_canceled', `${locked.title} is canceled: ${locked.canceled.reason}`);
  if (hasEnded(locked, at))
    return refused('class_ended', `${locked.title} had its last day on ${dateOf(locked.lastDay)}.`);
  const clash = await findClash(trx, before.childId, locked);
  if (clash !== undefined) {
    return refused('schedule_conflict', `The child has ${clash.title} on ${hoursOf(clash)}. Cancel it first.`, {
      conflictsWith: { classId: clash.classId, title: clash.title },
    });
  }
  return giveSeat(trx, before, locked, at);
}
