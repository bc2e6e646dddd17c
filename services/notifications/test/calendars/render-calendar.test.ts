import { describe, expect, test } from '@jest/globals';
import { examples, type ClassSnapshot } from '@homeroom/contracts';
import ICAL from 'ical.js';
import { classEntry as entryOf, type Entry } from '../../src/calendars/calendar.ts';
import { renderFeed, renderInvitation } from '../../src/calendars/render-calendar.ts';
import { formatOf } from '../../src/wording/format.ts';
import { readCalendar } from './read-calendar.ts';

const format = formatOf('en-US');
const classEntry = (seat: Parameters<typeof entryOf>[0], course: ClassSnapshot): Entry => entryOf(seat, course, format);
const pottery: ClassSnapshot = examples['homeroom.class.opened.v1'];
const seat = { uid: 'enrollment-1@homeroom', sequence: 2, status: 'confirmed', childName: 'Maya Okafor' } as const;
const people = {
  coopName: 'Willow Creek',
  organizer: { name: 'Willow Creek', email: 'hello@willow.example' },
  attendee: { name: 'Ngozi Okafor', email: 'ngozi@example.org' },
  stamp: new Date('2026-08-01T12:00:00Z'),
};
const read = (entry: Entry, method: 'REQUEST' | 'PUBLISH' | 'CANCEL' = 'REQUEST'): ReturnType<typeof readCalendar> =>
  readCalendar(renderInvitation({ method, entry }, people));

describe('an invitation', () => {
  test('repeats weekly at the same wall clock, over the end of summer time, until the last day and no longer', () => {
    const { method, events } = read(classEntry(seat, pottery));
    expect(method).toBe('REQUEST');
    expect(events).toHaveLength(1);
    const [event] = events;
    expect(event).toMatchObject({
      uid: 'enrollment-1@homeroom',
      sequence: 2,
      status: 'CONFIRMED',
      durationMinutes: 90,
    });
    expect(event?.summary).toBe('Pottery for beginners (Maya Okafor)');
    expect(event?.location).toBe('Workshop');
    // Tuesdays from 8 September to 15 December 2026, 10:00 in Chicago: an hour later in UTC from November on
    expect(event?.starts).toHaveLength(15);
    expect(event?.starts[0]).toBe('2026-09-08T15:00:00.000Z');
    expect(event?.starts[7]).toBe('2026-10-27T15:00:00.000Z');
    expect(event?.starts[8]).toBe('2026-11-03T16:00:00.000Z');
    expect(event?.starts.at(-1)).toBe('2026-12-15T16:00:00.000Z');
    expect(event?.organizer).toBe('mailto:hello@willow.example');
    expect(event?.attendees).toEqual(['MAILTO:ngozi@example.org']);
  });

  test('begins on the first such weekday when the first day is another one', () => {
    const { events } = read(classEntry(seat, { ...pottery, firstDay: '2026-09-09' }));
    expect(events[0]?.starts[0]).toBe('2026-09-15T15:00:00.000Z');
  });

  test('of a class that meets once has no rule', () => {
    const once = { ...pottery, lastDay: '2026-09-08' };
    expect(renderInvitation({ method: 'REQUEST', entry: classEntry(seat, once) }, people)).not.toContain('RRULE');
    expect(read(classEntry(seat, once)).events[0]?.starts).toEqual(['2026-09-08T15:00:00.000Z']);
  });

  test('that ends after midnight ends on the next day', () => {
    const { events } = read(classEntry(seat, { ...pottery, startTime: '23:00', endTime: '00:30' }));
    expect(events[0]?.durationMinutes).toBe(90);
  });

  test.each(['Pacific/Auckland', 'Asia/Kathmandu', 'Europe/London', 'UTC'])('shows ten o’clock in %s', (timeZone) => {
    const { events } = read(classEntry(seat, { ...pottery, timeZone }));
    const clocks = events[0]?.starts.map((start) =>
      new Date(start).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }),
    );
    expect(new Set(clocks)).toEqual(new Set(['10:00']));
    expect(clocks).toHaveLength(15);
  });

  test.each([
    ['America/Chicago', '2026-03-07', '10:00', '2026-03-07T16:00:00.000Z'],
    ['America/Chicago', '2026-03-08', '10:00', '2026-03-08T15:00:00.000Z'],
    ['Pacific/Auckland', '2026-09-27', '09:00', '2026-09-26T20:00:00.000Z'],
  ])('on both sides of a clock change is at the right instant: %s, %s', (timeZone, firstDay, startTime, instant) => {
    const entry = { ...classEntry(seat, { ...pottery, timeZone }), firstDay, lastDay: firstDay, startTime };
    expect(read(entry).events[0]?.starts).toEqual([instant]);
  });

  test('in the gap of a spring night is an hour later, not an error', () => {
    const day = '2026-03-08';
    const entry = { ...classEntry(seat, pottery), firstDay: day, lastDay: day, startTime: '02:30', endTime: '04:00' };
    expect(read(entry).events[0]?.starts).toEqual(['2026-03-08T08:30:00.000Z']);
  });

  test('that cancels names the same event with a higher sequence', () => {
    const cancelled = read(classEntry({ ...seat, sequence: 3, status: 'cancelled' }, pottery), 'CANCEL');
    expect(cancelled.method).toBe('CANCEL');
    expect(cancelled.events[0]).toMatchObject({ uid: 'enrollment-1@homeroom', sequence: 3, status: 'CANCELLED' });
  });

  test('is the same bytes at every attempt', () => {
    const invitation = { method: 'REQUEST', entry: classEntry(seat, pottery) } as const;
    expect(renderInvitation(invitation, people)).toBe(renderInvitation(invitation, people));
  });

  test('no text of a family’s or a class’s can add a line', () => {
    const evil = 'x\r\nATTENDEE:mailto:evil@example.org\r\nBEGIN:VALARM\n"; \\,\u2028';
    const entry = classEntry({ ...seat, childName: evil }, { ...pottery, title: evil, room: evil, teacher: evil });
    const text = renderInvitation(
      { method: 'REQUEST', entry },
      { ...people, coopName: evil, attendee: { name: evil, email: 'a@b.example' } },
    );
    const unfolded = text.replaceAll('\r\n ', '');
    expect(unfolded.match(/^ATTENDEE/gm)).toHaveLength(1);
    expect(unfolded).not.toMatch(/^BEGIN:VALARM/m);
    const { events } = readCalendar(text);
    expect(events).toHaveLength(1);
    expect(events[0]?.attendees).toEqual(['MAILTO:a@b.example']);
  });

  test('lines are at most 75 octets, whatever the alphabet', () => {
    const text = renderInvitation(
      { method: 'REQUEST', entry: classEntry(seat, { ...pottery, title: 'משפחה 👩‍👧 '.repeat(15) }) },
      people,
    );
    expect(Math.max(...text.split('\r\n').map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(75);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
  });
});

describe('D16: an attendee', () => {
  const invitation = (method: 'PUBLISH' | 'REQUEST' | 'CANCEL'): ReturnType<typeof read> =>
    read(classEntry(seat, pottery), method);

  test('and an organizer are named by a REQUEST and by a CANCEL', () => {
    for (const method of ['REQUEST', 'CANCEL'] as const) {
      expect(invitation(method).events[0]?.attendees).toEqual(['MAILTO:ngozi@example.org']);
      expect(invitation(method).events[0]?.organizer).toBe('mailto:hello@willow.example');
    }
  });

  test('is not named by a PUBLISH, which older versions may have queued (RFC 5546, 3.2.1)', () => {
    const { method, events } = invitation('PUBLISH');
    expect(method).toBe('PUBLISH');
    expect(events[0]).toMatchObject({ attendees: [], organizer: 'mailto:hello@willow.example' });
  });
});

describe('a feed', () => {
  test('holds every entry with its own zone', () => {
    const updatedAt = new Date('2026-08-02T08:00:00Z');
    const chess = { ...pottery, title: 'Chess', timeZone: 'Europe/Berlin', weekday: 'friday' } as const;
    const text = renderFeed(
      {
        familyName: 'Okafor',
        entries: [
          { entry: classEntry(seat, pottery), updatedAt },
          { entry: classEntry({ ...seat, uid: 'enrollment-2@homeroom' }, chess), updatedAt },
        ],
      },
      'Willow Creek',
    );
    const { method, name, events } = readCalendar(text);
    expect(method).toBe('PUBLISH');
    expect(name).toBe('Okafor at Willow Creek');
    expect(events.map(({ starts }) => starts[0])).toEqual(['2026-09-08T15:00:00.000Z', '2026-09-11T08:00:00.000Z']);
    expect(text).toContain('DTSTAMP:20260802T080000Z');
  });

  test.each([
    ['+05:30', '2026-09-08T04:30:00.000Z'],
    ['CST', '2026-09-08T15:00:00.000Z'],
    ['america/chicago', '2026-09-08T15:00:00.000Z'],
  ])('D3: stays valid with a class of old data in %s, and shows it at its hour', (timeZone, start) => {
    const text = renderFeed(
      {
        familyName: 'Okafor',
        entries: [{ entry: classEntry(seat, { ...pottery, timeZone }), updatedAt: people.stamp }],
      },
      'Willow Creek',
    );
    // RFC 5545, 3.1: a parameter's value has no colon unless it is quoted
    expect(text).toMatch(/^DTSTART;TZID=[\w/+-]+:\d{8}T\d{6}\r$/m);
    expect(readCalendar(text).events[0]?.starts[0]).toBe(start);
  });

  test('D16: says what it is, and how often to ask again', () => {
    const text = renderFeed({ familyName: 'Sec Family', entries: [] }, 'Willow Creek');
    const properties = new ICAL.Component(ICAL.parse(text) as never);
    const refresh = properties.getFirstProperty('refresh-interval');
    expect(refresh?.toICALString()).toBe('REFRESH-INTERVAL;VALUE=DURATION:PT1H');
    expect(properties.getFirstPropertyValue('x-published-ttl')).toBe('PT1H');
    expect(properties.getFirstPropertyValue('x-wr-caldesc')).toBe(
      'The Sec family’s classes and events at Willow Creek',
    );
  });

  test('of a family without classes is an empty calendar', () => {
    expect(readCalendar(renderFeed({ familyName: 'Nobody', entries: [] }, 'Willow Creek')).events).toEqual([]);
  });
});
