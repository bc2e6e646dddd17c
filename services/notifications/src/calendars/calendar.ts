import { weekdays, type ClassSnapshot } from '@homeroom/contracts';
import type { Coop } from '@homeroom/coops';
import { DateTime } from 'luxon';
import type { Format } from '../wording/format.ts';
import { calendarZone } from './time-zone.ts';

export type EntryStatus = 'tentative' | 'confirmed' | 'cancelled';

/** One line of a family's calendar: a single event, or a weekly one when it has a last day. */
export interface Entry {
  /** The same for an enrollment's whole life, so that a later mail changes the earlier one's event. */
  readonly uid: string;
  readonly sequence: number;
  readonly status: EntryStatus;
  readonly summary: string;
  readonly description: string;
  readonly location: string;
  readonly timeZone: string;
  /** `2026-09-08`, the first time it takes place. */
  readonly firstDay: string;
  readonly lastDay?: string;
  readonly startTime: string;
  readonly endTime: string;
}

/** What a mail carries: an entry, and what a calendar is to do with it. */
export interface Invitation {
  readonly method: 'PUBLISH' | 'REQUEST' | 'CANCEL';
  readonly entry: Entry;
}

/** The first `weekday` on or after a day, `2026-09-08`. */
const nextWeekday = (day: DateTime, weekday: ClassSnapshot['weekday']): string =>
  day
    .plus({ days: (weekdays.indexOf(weekday) + 8 - day.weekday) % 7 })
    .setLocale('en-US')
    .toFormat('yyyy-MM-dd');

export const enrollmentUid = (enrollmentId: string): string => `enrollment-${enrollmentId}@homeroom`;

const firstMeeting = ({ firstDay, weekday }: ClassSnapshot): string =>
  nextWeekday(DateTime.fromISO(firstDay, { zone: 'utc' }), weekday);

/** Classes of old data may have no such weekday in their dates: nothing of them belongs in a calendar. */
export const hasMeeting = (course: ClassSnapshot): boolean => firstMeeting(course) <= course.lastDay;

/** @throws {RangeError} when the class is in no known time zone: no calendar could show it right. */
export function classEntry(
  seat: Pick<Entry, 'uid' | 'sequence' | 'status'> & { readonly childName: string },
  course: ClassSnapshot,
  format: Format,
): Entry {
  const { childName, ...standing } = seat;
  return {
    ...standing,
    summary: `${course.title} (${childName})`,
    description: `${childName} with ${course.teacher}, ${format.weekly(course)}.`,
    location: course.room,
    timeZone: calendarZone(course.timeZone),
    firstDay: firstMeeting(course),
    lastDay: course.lastDay,
    startTime: course.startTime,
    endTime: course.endTime,
  };
}

/** New families meet on the first Saturday that is at least three days ahead, at ten. */
export function orientationEntry(
  { familyId, registeredAt }: { familyId: string; registeredAt: Date },
  { name, timeZone }: Pick<Coop, 'name' | 'timeZone'>,
): Entry {
  return {
    uid: `orientation-${familyId}@homeroom`,
    sequence: 1,
    status: 'confirmed',
    summary: `Orientation at ${name}`,
    description: 'Meet the teachers, see the rooms, ask everything.',
    location: name,
    timeZone,
    firstDay: nextWeekday(DateTime.fromJSDate(registeredAt, { zone: timeZone }).plus({ days: 3 }), 'saturday'),
    startTime: '10:00',
    endTime: '11:00',
  };
}
