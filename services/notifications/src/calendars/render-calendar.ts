import {
  ICalAttendeeRole,
  ICalAttendeeStatus,
  ICalCalendar,
  ICalCalendarMethod,
  ICalEventRepeatingFreq,
  ICalEventStatus,
  ICalWeekday,
  type ICalEvent,
} from 'ical-generator';
import { DateTime } from 'luxon';
import { formatFamily } from '../wording/format.ts';
import { oneLine } from '../wording/one-line.ts';
import type { Entry, EntryStatus, Invitation } from './calendar.ts';
import type { ShownEntry } from './store.ts';
import { renderTimeZone } from './time-zone.ts';

/** `TU`: of iCalendar, whatever the co-op’s locale is. */
const weekdayOf = (start: DateTime): ICalWeekday =>
  ICalWeekday[start.toFormat('ccc').slice(0, 2).toUpperCase() as keyof typeof ICalWeekday];

function addEntry(calendar: ICalCalendar, entry: Entry, stamp: Date): ICalEvent {
  const { timeZone: zone, firstDay, lastDay = firstDay, startTime, endTime } = entry;
  const at = (text: string): DateTime => DateTime.fromISO(text, { zone, locale: 'en-US' });
  const start = at(`${firstDay}T${startTime}`);
  const end = at(`${firstDay}T${endTime}`);
  return calendar.createEvent({
    id: entry.uid,
    sequence: entry.sequence,
    status: ICalEventStatus[entry.status.toUpperCase() as Uppercase<EntryStatus>],
    stamp,
    timezone: zone,
    start,
    end: endTime > startTime ? end : end.plus({ days: 1 }),
    // UNTIL is an instant in UTC (RFC 5545, 3.3.10); the class of the last day is included
    repeating:
      lastDay > firstDay
        ? { freq: ICalEventRepeatingFreq.WEEKLY, byDay: weekdayOf(start), until: at(lastDay).endOf('day') }
        : null,
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

export interface Feed {
  readonly familyName: string;
  readonly entries: readonly ShownEntry[];
}

/** A family's whole calendar, for clients that subscribe to its address. */
export function renderFeed({ familyName, entries }: Feed, coopName: string): string {
  const shown = entries.map(({ entry }) => entry);
  const calendar = openCalendar(`${familyName} at ${coopName}`.trim(), shown)
    .method(ICalCalendarMethod.PUBLISH)
    .description(oneLine(`The ${formatFamily(familyName)}’s classes and events at ${coopName}`))
    .ttl(refreshSeconds);
  for (const { entry, updatedAt } of entries) addEntry(calendar, entry, updatedAt);
  return `${calendar.toString()}\r\n`;
}
