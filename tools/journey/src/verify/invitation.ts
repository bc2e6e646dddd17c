import ICAL from 'ical.js';
import type { Mail } from '../client/api.ts';

export interface Invitation {
  readonly method: string;
  readonly uid: string;
  readonly summary: string;
  readonly status: string;
  readonly sequence: number;
}

/**
 * Parses the invitation of a mail, strictly. A mail may carry it twice, as an alternative and as an attachment.
 * @throws {Error} when there is none, one is malformed, or two differ.
 */
export function readInvitation({ attachments }: Pick<Mail, 'attachments'>): Invitation {
  const texts = attachments
    .filter(({ contentType }) => contentType === 'text/calendar' || contentType === 'application/ics')
    .map(({ content }) => content);
  const [first, ...others] = texts.map(parse);
  if (first === undefined) throw new Error('no .ics');
  if (others.some((other) => JSON.stringify(other) !== JSON.stringify(first))) throw new Error('two different .ics');
  return first;
}

function parse(text: string): Invitation {
  const calendar = new ICAL.Component(ICAL.parse(text) as unknown[]);
  if (calendar.name !== 'vcalendar') throw new Error(`the .ics is a ${calendar.name}`);
  if (calendar.getFirstPropertyValue('version') !== '2.0') throw new Error('the .ics is not of version 2.0');
  const events = calendar.getAllSubcomponents('vevent');
  const [component] = events;
  if (component === undefined || events.length !== 1) throw new Error(`the .ics has ${events.length} events`);
  const event = new ICAL.Event(component);
  for (const name of ['uid', 'dtstamp', 'dtstart', 'summary']) {
    if (!component.hasProperty(name)) throw new Error(`the .ics has no ${name}`);
  }
  if (event.endDate.compare(event.startDate) <= 0) throw new Error('the .ics ends before it begins');
  const value = (name: string, of: ICAL.Component): string => String(of.getFirstPropertyValue(name) ?? '');
  return {
    method: value('method', calendar),
    uid: event.uid,
    summary: event.summary,
    status: value('status', component),
    sequence: event.sequence,
  };
}
