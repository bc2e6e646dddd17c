import { refused, type Refused } from '@homeroom/chassis';
import type { DomainEvent } from '@homeroom/contracts';
import { append } from '@homeroom/outbox';
import type { Transaction } from '@homeroom/postgres';
import { capitalized, meetTogether, sameSlot, slotOf, snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import { newEvent } from '../new-event.ts';
import { bookClasses, deleteBookings } from './booking-store.ts';
import type { DoubleBooking, Override } from './schemas.ts';
import { findSharing } from './store.ts';

/** More warnings of one class are not listed. */
const maxPerClass = 20;

/** Why a row of a timetable may share a room or a teacher: the import reports it. */
const imported = 'Imported from a timetable.';

/** Whether a change can bring a class together with another. */
export const mayDoubleBook = (before: ClassView, after: ClassView): boolean =>
  after.status === 'open' &&
  (before.status !== 'open' ||
    before.room !== after.room ||
    before.teacher !== after.teacher ||
    !sameSlot(before, after));

/**
 * Books the rooms and teachers of classes that were just written, and finds those that another class has at that hour: their
 * booking keeps the reason, and an event reports them. One statement for all. Of two classes in the list, the later one is
 * flagged.
 * @returns warnings by class. A caller that refuses them rolls everything back.
 * @throws a violation of `bookings_once` when another transaction has just booked the same: see `bookedAgain`.
 */
export async function flagDoubleBookings(
  trx: Transaction,
  written: readonly ClassView[],
  reason = imported,
): Promise<Map<string, readonly DoubleBooking[]>> {
  const open = written.filter(({ status }) => status === 'open');
  if (open.length === 0) return new Map();
  const places = new Map(open.map(({ id }, index) => [id, index]));
  const warnings = new Map<string, DoubleBooking[]>();
  const shared = new Set<string>();
  const sharing = await findSharing(trx, [...places.keys()]);
  sharing.sort((a, b) => (a.other.title < b.other.title ? -1 : 1));
  for (const { id, over, other } of sharing) {
    const place = places.get(id) ?? 0;
    const here = open[place];
    if (here === undefined || !meetTogether(here, other) || (places.get(other.id) ?? -1) > place) continue;
    shared.add(`${over}:${id}`);
    const found = warnings.get(id) ?? [];
    if (found.length < maxPerClass) warnings.set(id, [...found, warningOf(over, other)]);
  }
  await deleteBookings(trx, [...places.keys()]);
  await bookClasses(trx, { classIds: [...places.keys()], shared: [...shared], reason });
  const events = open.flatMap((one) => {
    const found = warnings.get(one.id);
    return found === undefined ? [] : [doubleBooked(one, found, reason)];
  });
  await append(trx, ...events);
  return warnings;
}

/** The refusal of a double booking that nobody has overridden, with the first of the other classes in its sentence. */
export function refuseDoubleBooking(
  warnings: readonly DoubleBooking[],
  override: Override | undefined,
): Refused<'double_booked'> | undefined {
  const [first] = warnings;
  if (first === undefined || override !== undefined) return undefined;
  const detail = `${first.message} Choose another hour, room, or teacher, or give a reason in override.`;
  return refused('double_booked', detail, { conflicts: warnings });
}

function warningOf(over: 'room' | 'teacher', other: ClassView): DoubleBooking {
  const { id: classId, title, room, teacher, weekday, startTime, endTime, firstDay, lastDay } = other;
  const when = `${capitalized(weekday)}s, ${startTime}–${endTime}, ${firstDay} to ${lastDay}`;
  const message =
    over === 'room'
      ? `"${title}" meets in ${room} at the same time: ${when}.`
      : `${teacher} teaches "${title}" at the same time: ${when}.`;
  return { code: `${over}_double_booked`, classId, title, ...slotOf(other), message };
}

const doubleBooked = (one: ClassView, warnings: readonly DoubleBooking[], reason: string): DomainEvent => {
  const conflicts = warnings.map(({ code, classId, title, weekday, startTime, endTime }) => {
    const over = code === 'room_double_booked' ? ('room' as const) : ('teacher' as const);
    return { over, classId, title, weekday, startTime, endTime };
  });
  const data = { class: snapshotOf(one), conflicts, reason };
  return newEvent('homeroom.class.double-booked.v1', { subject: one.id, data });
};
