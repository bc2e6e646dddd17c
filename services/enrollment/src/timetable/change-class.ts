import { isRefused, refused, type Refused } from '@homeroom/chassis';
import { append } from '@homeroom/outbox';
import { isUniqueViolation, transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import { alignFirstDay, findMistakes, sameDetails, sameMeetings, sameSlot, snapshotOf } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';
import { lockClass } from '../classes/store.ts';
import { addClassJob } from '../class-jobs/store.ts';
import { newEvent } from '../new-event.ts';
import { hasMoney } from '../seats/charge-store.ts';
import { promoteWaiting } from '../seats/promote-waiting.ts';
import { findChildConflicts, moveSlots } from '../seats/slots.ts';
import type { Terms } from '../seats/terms.ts';
import { bookedAgain, deleteBookings } from './booking-store.ts';
import { refuseMistakes } from './create-class.ts';
import { flagDoubleBookings, mayDoubleBook, refuseDoubleBooking } from './flag-double-bookings.ts';
import type { ChangedClass, ClassPatch, Override } from './schemas.ts';
import { updateClass } from './store.ts';

export interface ChangeRequest {
  readonly classId: string;
  /** Fields to change; a field that is undefined stays as it is. */
  readonly patch: ClassPatch;
  /** The versions that may be changed (If-Match); undefined: any. */
  readonly versions?: readonly number[] | undefined;
}

export interface ChangeOptions {
  /** Undefined: a room or a teacher that another class has at that hour is refused. */
  readonly override?: Override | undefined;
  /** Does everything and rolls it back. A double booking is listed instead of refused. */
  readonly preview?: boolean;
}

/**
 * Changes a class. When it meets at other hours or in another room, everyone is notified, and the conflicts are listed:
 * children who are now in two classes at once, and rooms and teachers that are booked twice.
 */
export async function changeClass(
  { db, terms }: { db: CoopDatabase; terms: Terms },
  request: ChangeRequest,
  { override, preview = false }: ChangeOptions = {},
): Promise<ChangedClass | Refused> {
  const work = async (trx: CoopTransaction): Promise<ChangedClass | Refused> => {
    const written = await changeDetails(trx, request, terms);
    if (isRefused(written)) return written;
    const { before, after } = written;
    const booked = mayDoubleBook(before, after) ? await flagDoubleBookings(trx, [after], override?.reason) : undefined;
    const warnings = booked?.get(after.id) ?? [];
    const refusal = preview ? undefined : refuseDoubleBooking(warnings, override);
    if (refusal !== undefined) return refusal;
    const childConflicts = sameSlot(before, after) ? [] : await findChildConflicts(trx, after.id);
    // a preview has the version of the class as it is, for the If-Match of the change that may follow
    const { version } = preview ? before : after;
    return { ...after, version, warnings, childConflicts };
  };
  return bookedAgain(() => transact(db, work, { keep: (outcome) => !preview && !isRefused(outcome) }));
}

/**
 * Changes a class's details. More seats go to the waitlist in the same transaction; a change without effect publishes no
 * event. Everything but `class_exists` is refused before anything is written.
 */
export async function changeDetails(
  trx: CoopTransaction,
  { classId, patch, versions }: ChangeRequest,
  terms: Terms,
): Promise<{ before: ClassView; after: ClassView; changed: boolean } | Refused> {
  const before = await lockClass(trx, classId);
  if (before === undefined) return refused('class_not_found');
  if (before.canceled != null) return classCanceled(before);
  if (versions?.includes(before.version) === false) {
    return refused('precondition_failed');
  }
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  const merged: ClassView = { ...before, ...given };
  const wanted = sameSlot(before, merged) ? merged : alignFirstDay(merged);
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

/** A canceled class stays as it is. */
export const classCanceled = ({ title }: ClassDetails): Refused<'class_canceled'> =>
  refused('class_canceled', `${title} is canceled. Open another class.`);

const seatsTaken = (count: number): string => {
  const seats = count === 1 ? '1 seat is taken' : `${count} seats are taken`;
  return `${seats}. Cancel enrollments first, or set the capacity to ${count} or more.`;
};

async function write(
  trx: CoopTransaction,
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
  if (!sameMeetings(before, updated) && !hasEnded(updated, new Date())) {
    await addClassJob(trx, before.id, { kind: 'reschedule', before, after: updated });
  }
  if (updated.status !== 'open') await deleteBookings(trx, [before.id]);
  return { before, after: await promoteWaiting(trx, updated, new Date(), terms), changed: true };
}
