import { type Database, once, type Transaction } from '@homeroom/postgres';
import type { ClassView } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import { lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import type { Enrollment } from './enrollment.ts';
import { findClash, giveSeat } from './promote-waiting.ts';
import { locateEnrollment, lockEnrollment, readChildName } from './store.ts';

export interface AcceptRequest {
  readonly enrollmentId: string;
  /** Whose it must be; absent when a coordinator asks. */
  readonly familyId: string | undefined;
  readonly accountId: string;
  readonly idempotencyKey: string | undefined;
}

export interface Accepted {
  readonly id: string;
  readonly version: number;
  readonly status: Enrollment['status'];
  readonly class: { readonly id: string; readonly title: string };
  readonly child: { readonly id: string; readonly name: string };
  readonly amountCents: number;
  readonly currency: string;
}

/**
 * Takes the seat that was offered, once the child is free at that hour: it is charged, or confirmed when it costs nothing.
 * Accepting again changes nothing.
 * @throws {Problem} `enrollment_not_found`, `not_offered`, `offer_expired`, `class_ended`, `schedule_conflict`
 */
export async function acceptOffer(
  db: Database,
  { enrollmentId, familyId, accountId, idempotencyKey }: AcceptRequest,
): Promise<Accepted> {
  return db.transaction(async (trx) => {
    const place = await locateEnrollment(trx, enrollmentId);
    if (place === undefined || (familyId !== undefined && place.familyId !== familyId)) {
      throw errors.problem('enrollment_not_found');
    }
    const request = ['POST', `/api/enrollments/${enrollmentId}/accept`, null] as const;
    return once(trx, { principal: accountId, key: idempotencyKey, request, status: 200 }, async () => {
      const locked = await lockClass(trx, place.classId);
      const before = await lockEnrollment(trx, enrollmentId);
      if (locked === undefined || before === undefined) throw errors.problem('enrollment_not_found');
      const accepted = await accept(trx, before, locked, new Date());
      const { id, version, status, childId, amountCents } = accepted;
      const child = { id: childId, name: await readChildName(trx, childId) };
      const about = { class: { id: locked.id, title: locked.title }, child };
      return { id, version, status, ...about, amountCents, currency: accepted.currency ?? locked.currency };
    });
  });
}

async function accept(trx: Transaction, before: Enrollment, locked: ClassView, at: Date): Promise<Enrollment> {
  if (before.status === 'payment_pending' || before.status === 'enrolled') return before;
  const isOver = before.status === 'cancelled' && before.reason === 'offer_expired';
  // expired and not yet collected by the worker: the time on the offer decides
  if (isOver || (before.status === 'offered' && before.expiresAt <= at)) throw errors.problem('offer_expired');
  if (before.status !== 'offered') throw errors.problem('not_offered');
  if (hasEnded(locked, at))
    throw errors.problem('class_ended', `${locked.title} had its last day on ${locked.lastDay}`);
  const clash = await findClash(trx, before.childId, locked);
  if (clash !== undefined) {
    const hours = `${clash.weekday} ${clash.startTime}–${clash.endTime}`;
    throw errors.problem('schedule_conflict', `The child has ${clash.title} on ${hours}. Cancel it first.`, {
      conflictsWith: { classId: clash.classId, title: clash.title },
    });
  }
  return giveSeat(trx, before, locked, at);
}
