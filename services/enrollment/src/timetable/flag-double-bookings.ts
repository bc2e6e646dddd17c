import type { DomainEvent } from '@homeroom/contracts';
import { append } from '@homeroom/outbox';
import type { Transaction } from '@homeroom/postgres';
import { capitalized, meetTogether, sameSlot, slotOf, snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import { newEvent } from '../new-event.ts';
import type { DoubleBooking } from './schemas.ts';
import { findSharing } from './store.ts';

/** More warnings of one class are not listed. */
const maxPerClass = 20;

/** Whether a change can bring a class together with another. */
export const mayDoubleBook = (before: ClassView, after: ClassView): boolean =>
  after.status === 'open' &&
  (before.status !== 'open' ||
    before.room !== after.room ||
    before.teacher !== after.teacher ||
    !sameSlot(before, after));

/**
 * Flags double bookings of classes that were just written: they are allowed, but reported. One statement for all, and
 * an event for each class that shares its room or teacher. Of two classes in the list, the later one is flagged.
 * @returns warnings by class.
 */
export async function flagDoubleBookings(
  trx: Transaction,
  written: readonly ClassView[],
): Promise<Map<string, readonly DoubleBooking[]>> {
  const open = written.filter(({ status }) => status === 'open');
  if (open.length === 0) return new Map();
  const places = new Map(open.map(({ id }, index) => [id, index]));
  const warnings = new Map<string, DoubleBooking[]>();
  const sharing = await findSharing(trx, [...places.keys()]);
  sharing.sort((a, b) => (a.other.title < b.other.title ? -1 : 1));
  for (const { id, over, other } of sharing) {
    const place = places.get(id) ?? 0;
    const here = open[place];
    if (here === undefined || !meetTogether(here, other) || (places.get(other.id) ?? -1) > place) continue;
    const found = warnings.get(id) ?? [];
    if (found.length < maxPerClass) warnings.set(id, [...found, warningOf(over, other)]);
  }
  const events = open.flatMap((one) => {
    const found = warnings.get(one.id);
    return found === undefined ? [] : [doubleBooked(one, found)];
  });
  await append(trx, ...events);
  return warnings;
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

const doubleBooked = (one: ClassView, warnings: readonly DoubleBooking[]): DomainEvent => {
  const conflicts = warnings.map(({ code, classId, title, weekday, startTime, endTime }) => {
    const over = code === 'room_double_booked' ? ('room' as const) : ('teacher' as const);
    return { over, classId, title, weekday, startTime, endTime };
  });
  return newEvent('homeroom.class.double-booked.v1', { subject: one.id, data: { class: snapshotOf(one), conflicts } });
};
