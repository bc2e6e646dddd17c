import { weekdays, type ClassSnapshot } from '@homeroom/contracts';
import {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalCalendar,
  ICalCalendarMethod,
  ICalEventStatus,
  type ICalLuxonDateTimeStub,
} from 'ical-generator';
import { oneLine } from '../notifications/one-line.ts';
import { instantOf, isTimeZone, renderTimeZone } from './time-zone.ts';

export type EntryStatus = 'tentative' | 'confirmed' | 'cancelled';

/** One line of a family's calendar: a single event, or a weekly one when it has a last day. */
export interface Entry {
  /** The same for an enrolment's whole life, so that a later mail changes the earlier one's event. */
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

const addDays = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

/** 0 is Monday, as in `weekdays`. */
const weekdayOf = (day: string): number => (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;

/** The first `weekday` on or after `day`. */
const nextWeekday = (day: string, weekday: number): string => addDays(day, (weekday - weekdayOf(day) + 7) % 7);

export const enrollmentUid = (enrollmentId: string): string => `enrollment-${enrollmentId}@homeroom`;

/** @throws {RangeError} when the class is in no known time zone: no calendar could show it right. */
export function classEntry(
  { uid, sequence, status, childName }: { uid: string; sequence: number; status: EntryStatus; childName: string },
  course: ClassSnapshot,
): Entry {
  if (!isTimeZone(course.timeZone)) throw new RangeError(`“${oneLine(course.timeZone, 60)}” is not a time zone`);
  return {
    uid,
    sequence,
    status,
    summary: `${course.title} (${childName})`,
    description: `${childName} with ${course.teacher}, ${course.weekday}s ${course.startTime}–${course.endTime}.`,
    location: course.room,
    timeZone: course.timeZone,
    firstDay: nextWeekday(course.firstDay, weekdays.indexOf(course.weekday)),
    lastDay: course.lastDay,
    startTime: course.startTime,
    endTime: course.endTime,
  };
}

/** New families meet on the first Saturday that is at least three days away, at ten. */
export function orientationEntry({
  familyId,
  coopName,
  registeredAt,
  timeZone,
}: {
  familyId: string;
  coopName: string;
  registeredAt: Date;
  timeZone: string;
}): Entry {
  const today = registeredAt.toLocaleDateString('sv-SE', { timeZone });
  return {
    uid: `orientation-${familyId}@homeroom`,
    sequence: 1,
    status: 'confirmed',
    summary: `Orientation at ${coopName}`,
    description: 'Meet the teachers, see the rooms, ask everything.',
    location: coopName,
    timeZone,
    firstDay: nextWeekday(addDays(today, 3), weekdays.indexOf('saturday')),
    startTime: '10:00',
    endTime: '11:00',
  };
}

/** ical-generator prints Dates in the process's own zone; this one is printed as it is. */
class WallTime implements ICalLuxonDateTimeStub {
  readonly isValid = true;
  readonly zone = { type: 'iana' };
  readonly #day: string;
  readonly #time: string;

  constructor(day: string, time: string) {
    this.#day = day;
    this.#time = time;
  }

  setZone(): this {
    return this;
  }

  toFormat(format: string): string {
    return format === 'HHmmss' ? `${this.#time.replace(':', '')}00` : this.#day.replaceAll('-', '');
  }

  toJSDate(): Date {
    return new Date(this.toJSON());
  }

  toJSON(): string {
    return `${this.#day}T${this.#time}Z`;
  }
}

const statuses = {
  tentative: ICalEventStatus.TENTATIVE,
  confirmed: ICalEventStatus.CONFIRMED,
  cancelled: ICalEventStatus.CANCELLED,
} as const;

/** UNTIL is an instant in UTC, as RFC 5545 wants it beside a DTSTART with a zone; the last day's class is included. */
function weeklyRule({ timeZone, firstDay, lastDay }: Entry): string | null {
  if (lastDay === undefined || lastDay <= firstDay) return null;
  const until = new Date(instantOf(timeZone, lastDay, '23:59:59')).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const day = (weekdays[weekdayOf(firstDay)] ?? '').slice(0, 2).toUpperCase();
  return `FREQ=WEEKLY;BYDAY=${day};UNTIL=${until}Z`;
}

function addEntry(calendar: ICalCalendar, entry: Entry, stamp: Date): ReturnType<ICalCalendar['createEvent']> {
  const { firstDay, startTime, endTime } = entry;
  return calendar.createEvent({
    id: entry.uid,
    sequence: entry.sequence,
    status: statuses[entry.status],
    stamp,
    timezone: entry.timeZone,
    start: new WallTime(firstDay, startTime),
    end: new WallTime(endTime > startTime ? firstDay : addDays(firstDay, 1), endTime),
    repeating: weeklyRule(entry),
    summary: oneLine(entry.summary),
    description: entry.description,
    location: oneLine(entry.location),
  });
}

function openCalendar(name: string, entries: readonly Entry[]): ICalCalendar {
  const years = entries
    .flatMap(({ firstDay, lastDay = firstDay }) => [firstDay, lastDay])
    .map((day) => Number(day.slice(0, 4)));
  return new ICalCalendar({
    prodId: '//Homeroom//Notifications//EN',
    name: oneLine(name),
    timezone: {
      // no zone of the whole calendar: it would be written over the entries' own, and into DTSTAMP, which is UTC
      name: null,
      generator: (zone) => renderTimeZone(zone, Math.min(...years), Math.max(...years)),
    },
  });
}

interface Person {
  readonly name: string;
  readonly email: string;
}

/** A quoted parameter value can hold no quotes at all (RFC 5545, 3.1). */
const paramText = (text: string): string => oneLine(text).replaceAll('"', '’') || '-';

/** The .ics of a mail. @param stamp when the invitation was made: a mail that is sent twice carries the same bytes. */
export function renderInvitation(
  { method, entry }: Invitation,
  { coopName, organizer, attendee, stamp }: { coopName: string; organizer: Person; attendee: Person; stamp: Date },
): string {
  const calendar = openCalendar(coopName, [entry]).method(ICalCalendarMethod[method]);
  const event = addEntry(calendar, entry, stamp);
  event.organizer({ name: paramText(organizer.name), email: organizer.email });
  event.createAttendee({
    name: paramText(attendee.name),
    email: attendee.email,
    role: ICalAttendeeRole.REQ,
    status: ICalAttendeeStatus.NEEDSACTION,
    rsvp: false,
  });
  return `${calendar.toString()}\r\n`;
}

/** A family's whole calendar, for clients that subscribe to its address. */
export function renderFeed(
  name: string,
  entries: readonly { readonly entry: Entry; readonly updatedAt: Date }[],
): string {
  const calendar = openCalendar(
    name,
    entries.map(({ entry }) => entry),
  ).method(ICalCalendarMethod.PUBLISH);
  for (const { entry, updatedAt } of entries) addEntry(calendar, entry, updatedAt);
  return `${calendar.toString()}\r\n`;
}
