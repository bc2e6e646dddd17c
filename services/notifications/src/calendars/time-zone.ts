import { isTimeZone } from '@homeroom/chassis';
import { DateTime, FixedOffsetZone, IANAZone } from 'luxon';
import { oneLine } from '../wording/one-line.ts';

const minuteMs = 60_000;
const weekMs = 7 * 24 * 60 * minuteMs;

/**
 * The name under which a calendar shows the zone of a class. Classes stored before names were checked may have an offset,
 * whose colon makes the whole calendar invalid, an abbreviation, or another case: they get a name that means the same.
 * @throws {RangeError} for a zone that this Node's tz database does not have.
 */
export function calendarZone(timeZone: string): string {
  if (isTimeZone(timeZone)) return timeZone;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone.replace(':', '');
  } catch (error) {
    throw new RangeError(`“${oneLine(timeZone, 60)}” is not a time zone`, { cause: error });
  }
}

/** The minutes in (fromMs, toMs] at which the zone's offset changes. */
function changesWithin(zone: IANAZone, fromMs: number, toMs: number): number[] {
  if (zone.offset(fromMs) === zone.offset(toMs)) return [];
  if (toMs - fromMs <= minuteMs) return [toMs];
  const middle = fromMs + Math.floor((toMs - fromMs) / 2 / minuteMs) * minuteMs;
  return [...changesWithin(zone, fromMs, middle), ...changesWithin(zone, middle, toMs)];
}

/** A change of the clock at an instant, written by the clock that was valid before it. */
function observance(zone: IANAZone, atMs: number, beforeMs: number): string[] {
  const [from, to] = [zone.offset(beforeMs), zone.offset(atMs)];
  const name = to > from ? 'DAYLIGHT' : 'STANDARD';
  const clock = DateTime.fromMillis(atMs, { zone: FixedOffsetZone.instance(from) });
  return [
    `BEGIN:${name}`,
    `DTSTART:${String(clock.toISO({ format: 'basic', suppressMilliseconds: true, includeOffset: false }))}`,
    `TZOFFSETFROM:${zone.formatOffset(beforeMs, 'techie')}`,
    `TZOFFSETTO:${zone.formatOffset(atMs, 'techie')}`,
    `END:${name}`,
  ];
}

const rendered = new Map<string, string>();

/**
 * A VTIMEZONE with every change of the clock in the given years, taken from Node's own tz database: the calendar then shows
 * what the service computed, even to a reader with another tz database.
 */
export function renderTimeZone(timeZone: string, firstYear: number, lastYear: number): string {
  const key = `${timeZone} ${firstYear} ${lastYear}`;
  const known = rendered.get(key);
  if (known !== undefined) return known;
  const zone = IANAZone.create(timeZone);
  // two days early: on New Year's Day it is already tomorrow in the east
  const startMs = Date.UTC(firstYear, 0, -1);
  const lines = observance(zone, startMs, startMs);
  for (let at = startMs; at < Date.UTC(lastYear + 1, 0, 2); at += weekMs) {
    for (const change of changesWithin(zone, at, at + weekMs))
      lines.push(...observance(zone, change, change - minuteMs));
  }
  const text = ['BEGIN:VTIMEZONE', `TZID:${timeZone}`, ...lines, 'END:VTIMEZONE'].join('\r\n');
  // zones × school years are dozens; the bound is for classes with wrong years
  if (rendered.size > 500) rendered.clear();
  rendered.set(key, text);
  return text;
}
