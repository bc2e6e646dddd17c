import { refused, type Refused } from '@homeroom/chassis';
import type { NewEvent } from '@homeroom/contracts';
import { append } from '@homeroom/outbox';
import type { CoopTransaction } from '@homeroom/postgres';
import { capitalized, meetTogether, sameSlot, slotOf, snapshotOf } from '../classes/class.ts';
import type { ClassView } from '../classes/schemas.ts';
import { newEvent } from '../new-event.ts';
import { bookClasses, deleteBookings } from './booking-store.ts';
import type { DoubleBooking, Override } from './schemas.ts';
import { findSharing, type SharedRoomOrTeacher } from './store.ts';

/** More warnings of one class are not listed. */
const maxPerClass = 20;

/** Rows of one statement: small enough that it stays far below its timeout. */
const sliceSize = 2_000;

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
 * booking keeps the reason, and an event reports them. A number of statements for all. Of two classes in the list, the later one is
 * flagged.
 * @returns warnings by class. A caller that refuses them rolls everything back.
 * @throws a violation of `bookings_once` when another transaction has just booked the same: see `bookedAgain`.
 */
export async function flagDoubleBookings(
  trx: CoopTransaction,
  written: readonly ClassView[],
  reason = imported,
): Promise<Map<string, readonly DoubleBooking[]>> {
  const open = written.filter(({ status }) => status === 'open');
  const places = new Map(open.map(({ id }, index) => [id, index]));
  const warnings = new Map<string, readonly DoubleBooking[]>();
  // all of them first: a class may move to where another one has just left
  if (open.length > 0) await deleteBookings(trx, [...places.keys()]);
  for (let start = 0; start < open.length; start += sliceSize) {
    const slice = open.slice(start, start + sliceSize);
    const classIds = slice.map(({ id }) => id);
    const { shared, found } = warningsOf(await findSharing(trx, classIds), open, places);
    await bookClasses(trx, { classIds, shared, reason });
    const events = slice.flatMap((one) => {
      const conflicts = found.get(one.id);
      return conflicts === undefined ? [] : [doubleBooked(one, conflicts, reason)];
    });
    await append(trx, ...events);
    for (const [id, conflicts] of found) warnings.set(id, conflicts);
  }
  return warnings;
}

/** @returns the bookings that overlap with others, and the warnings of their classes. */
function warningsOf(
  sharing: readonly SharedRoomOrTeacher[],
  open: readonly ClassView[],
  places: ReadonlyMap<string, number>,
): { shared: string[]; found: Map<string, readonly DoubleBooking[]> } {
  const found = new Map<string, DoubleBooking[]>();
  const shared = new Set<string>();
  for (const { id, over, other } of sharing.toSorted((a, b) => (a.other.title < b.other.title ? -1 : 1))) {
    const place = places.get(id) ?? 0;
    const here = open[place];
    if (here === undefined || !meetTogether(here, other) || (places.get(other.id) ?? -1) > place) continue;
    shared.add(`${over}:${id}`);
    const others = found.get(id) ?? [];
    if (others.length < maxPerClass) found.set(id, [...others, warningOf(over, other)]);
  }
  return { shared: [...shared], found };
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

const doubleBooked = (one: ClassView, warnings: readonly DoubleBooking[], reason: string): NewEvent => {
  const conflicts = warnings.map(({ code, classId, title, weekday, startTime, endTime }) => {
    const over = code === 'room_double_booked' ? ('room' as const) : ('teacher' as const);
    return { over, classId, title, weekday, startTime, endTime };
  });
  const data = { class: snapshotOf(one), conflicts, reason };
  return newEvent('homeroom.class.double-booked.v1', { subject: one.id, data });
};
