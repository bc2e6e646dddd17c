import { weekdays } from '@homeroom/contracts';
import {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalCalendar,
  ICalCalendarMethod,
  ICalEventStatus,
  type ICalLuxonDateTimeStub,
} from 'ical-generator';
import { formatFamily } from '../wording/format.ts';
import { oneLine } from '../wording/one-line.ts';
import { addDays, weekdayOf, type Entry, type Invitation } from './calendar.ts';
import { instantOf, renderTimeZone } from './time-zone.ts';

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
  // a PUBLISH names no attendee (RFC 5546, 3.2.1); mails that were queued by older versions may be one
  if (method === 'PUBLISH') return `${calendar.toString()}\r\n`;
  event.createAttendee({
    name: paramText(attendee.name),
    email: attendee.email,
    role: ICalAttendeeRole.REQ,
    status: ICalAttendeeStatus.NEEDSACTION,
    rsvp: false,
  });
  return `${calendar.toString()}\r\n`;
}

/** How often clients should ask for a feed again. */
const refreshSeconds = 3_600;

/** A family's whole calendar, for clients that subscribe to its address. */
export function renderFeed(
  { familyName, coopName }: { familyName: string; coopName: string },
  entries: readonly { readonly entry: Entry; readonly updatedAt: Date }[],
): string {
  const calendar = openCalendar(
    `${familyName} at ${coopName}`.trim(),
    entries.map(({ entry }) => entry),
  )
    .method(ICalCalendarMethod.PUBLISH)
    .description(oneLine(`The ${formatFamily(familyName)}’s classes and events at ${coopName}`))
    .ttl(refreshSeconds);
  for (const { entry, updatedAt } of entries) addEntry(calendar, entry, updatedAt);
  return `${calendar.toString()}\r\n`;
}
