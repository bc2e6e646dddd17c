import ICAL from 'ical.js';

export interface ReadEvent {
  readonly uid: string;
  readonly sequence: number;
  readonly status: string;
  readonly summary: string;
  readonly location: string;
  /** Every time it takes place, as instants. */
  readonly starts: readonly string[];
  readonly durationMinutes: number;
  readonly organizer: string;
  readonly attendees: readonly string[];
}

/** Reads a calendar as a receiver does: with its own VTIMEZONEs and nothing else. */
export function readCalendar(text: string): { method: string; name: string; events: ReadEvent[] } {
  const calendar = new ICAL.Component(ICAL.parse(text) as never);
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
  const events = calendar.getAllSubcomponents('vevent').map((component): ReadEvent => {
    const event = new ICAL.Event(component);
    const starts: string[] = [];
    const times = event.iterator();
    // its types promise a time each time; at the end there is none
    const next = (): ICAL.Time | undefined => times.next();
    for (let time = next(); time && starts.length < 200; time = next()) starts.push(time.toJSDate().toISOString());
    return {
      uid: event.uid,
      sequence: event.sequence,
      status: String(component.getFirstPropertyValue('status')),
      summary: event.summary,
      location: event.location,
      starts,
      durationMinutes: event.duration.toSeconds() / 60,
      organizer: String(component.getFirstPropertyValue('organizer') ?? ''),
      attendees: component.getAllProperties('attendee').map((property) => String(property.getFirstValue())),
    };
  });
  return {
    method: String(calendar.getFirstPropertyValue('method')),
    name: String(calendar.getFirstPropertyValue('x-wr-calname') ?? ''),
    events,
  };
}
