import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { append } from '@homeroom/outbox';
import { isUniqueViolation, transact, type Database, type Transaction } from '@homeroom/postgres';
import { findMistakes, sameDetails, sameSlot, snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import { lockClass } from '../classes/store.ts';
import { newEvent } from '../new-event.ts';
import { hasMoney } from '../seats/charge-store.ts';
import { promoteWaiting } from '../seats/promote-waiting.ts';
import { moveSlots } from '../seats/slots.ts';
import type { Terms } from '../seats/terms.ts';
import { refuseMistakes } from './create-class.ts';
import { flagDoubleBookings, mayDoubleBook } from './flag-double-bookings.ts';
import type { ClassPatch, WrittenClass } from './schemas.ts';
import { updateClass } from './store.ts';

export interface ChangeRequest {
  readonly classId: string;
  /** Fields to change; a field that is undefined stays as it is. */
  readonly patch: ClassPatch;
  /** The versions that may be changed (If-Match); undefined: any. */
  readonly versions?: readonly number[] | undefined;
}

/** Changes a class, and flags the classes that it newly shares its room or teacher with. */
export async function changeClass(
  { db, terms }: { db: Database; terms: Terms },
  request: ChangeRequest,
): Promise<WrittenClass | Refused> {
  return transact(db, async (trx) => {
    const written = await changeDetails(trx, request, terms);
    if (isRefused(written)) return written;
    const { before, after } = written;
    const warnings = mayDoubleBook(before, after) ? await flagDoubleBookings(trx, [after]) : undefined;
    return { ...after, warnings: warnings?.get(after.id) ?? [] };
  });
}

/**
 * Changes a class's details. More seats go to the waitlist in the same transaction; a change without effect publishes no
 * event. Everything but `class_exists` is refused before anything is written.
 */
export async function changeDetails(
  trx: Transaction,
  { classId, patch, versions }: ChangeRequest,
  terms: Terms,
): Promise<{ before: ClassView; after: ClassView; changed: boolean } | Refused> {
  const before = await lockClass(trx, classId);
  if (before === undefined) return refused('class_not_found');
  if (before.canceled != null) return refused('class_canceled', `${before.title} is canceled. Open another class.`);
  if (versions?.includes(before.version) === false) {
    return refused('precondition_failed');
  }
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const wanted: ClassView = { ...before, ...given };
  const contradiction = refuseMistakes(wanted, sameSlot(before, wanted) ? findMistakes(before) : []);
  if (contradiction !== undefined) return contradiction;
  if (sameDetails(before, wanted)) return { before, after: before, changed: false };
  if (wanted.currency !== before.currency && (await hasMoney(trx, classId))) {
    const detail = `The class has enrollments or charges in ${before.currency}. Open another class.`;
    return refused('currency_in_use', detail);
  }
  const taken = before.capacity - before.seatsLeft;
  if (wanted.capacity < taken) return refused('capacity_below_taken', seatsTaken(taken));
  return write(trx, before, wanted, terms);
}

const seatsTaken = (count: number): string => {
  const seats = count === 1 ? '1 seat is taken' : `${count} seats are taken`;
  return `${seats}. Cancel enrollments first, or set the capacity to ${count} or more.`;
};

async function write(
  trx: Transaction,
  before: ClassView,
  wanted: ClassView,
  terms: Terms,
): Promise<{ before: ClassView; after: ClassView; changed: true } | Refused> {
  let updated: ClassView;
  try {
    updated = await updateClass(trx, before.id, wanted);
  } catch (error) {
    if (isUniqueViolation(error, 'classes_natural_key')) return refused('class_exists');
    throw error;
  }
  const data = snapshotOf(updated);
  await append(trx, newEvent('homeroom.class.changed.v1', { subject: updated.id, data }));
  if (!sameSlot(before, updated)) await moveSlots(trx, before.id);
  return { before, after: await promoteWaiting(trx, updated, new Date(), terms), changed: true };
}
