import { isTimeZone } from '@homeroom/chassis';
import { oneLine } from '../wording/one-line.ts';

const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws a RangeError for a zone that this Node's tz database does not have. */
function offsetFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    formats.set(timeZone, format);
  }
  return format;
}

/**
 * The name under which a calendar shows the zone of a class. Classes from before names were checked may have an offset, whose
 * colon makes the whole calendar invalid, an abbreviation, or another case: they get a name that means the same.
 * @throws {RangeError} for a zone that this Node's tz database does not have.
 */
export function calendarZone(timeZone: string): string {
  if (isTimeZone(timeZone)) return timeZone;
  try {
    return offsetFormat(timeZone).resolvedOptions().timeZone.replace(':', '');
  } catch (error) {
    throw new RangeError(`“${oneLine(timeZone, 60)}” is not a time zone`, { cause: error });
  }
}

/** Seconds east of UTC at an instant. */
export function offsetSeconds(timeZone: string, instantMs: number): number {
  const name = offsetFormat(timeZone)
    .formatToParts(instantMs)
    .find(({ type }) => type === 'timeZoneName')?.value;
  const parts = /^GMT(?:(?<sign>[+-])(?<hours>\d{2}):(?<minutes>\d{2})(?::(?<seconds>\d{2}))?)?$/.exec(
    name ?? '',
  )?.groups;
  if (parts === undefined) throw new Error(`cannot read the offset “${String(name)}” of ${timeZone}`);
  const { sign, hours = 0, minutes = 0, seconds = 0 } = parts;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds));
}

/**
 * The instant at which a wall clock in the zone shows `day`T`time`; as RFC 5545 (3.3.5) wants it, the first of two in the
 * hour that comes twice, and counted from before the gap in the hour that never comes.
 */
export function instantOf(timeZone: string, day: string, time: string): number {
  const asUtc = Date.parse(`${day}T${time}Z`);
  const before = asUtc - offsetSeconds(timeZone, asUtc - dayMs) * 1_000;
  const after = asUtc - offsetSeconds(timeZone, asUtc + dayMs) * 1_000;
  const shows = (instantMs: number): boolean => instantMs + offsetSeconds(timeZone, instantMs) * 1_000 === asUtc;
  return !shows(before) && shows(after) ? after : before;
}

/** The wall clock of the zone at an instant, `20260308T020000`. */
const wallClock = (instantMs: number, offset: number): string =>
  new Date(instantMs + offset * 1_000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '');

const formatOffset = (seconds: number): string => {
  const size = Math.abs(seconds);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(size / 3_600)}${two((size % 3_600) / 60)}${size % 60 === 0 ? '' : two(size % 60)}`;
};

function observance(name: 'STANDARD' | 'DAYLIGHT', onsetMs: number, from: number, to: number): string[] {
  return [
    `BEGIN:${name}`,
    `DTSTART:${wallClock(onsetMs, from)}`,
    `TZOFFSETFROM:${formatOffset(from)}`,
    `TZOFFSETTO:${formatOffset(to)}`,
    `END:${name}`,
  ];
}

/** The second at which the offset changes, somewhere in (fromMs, toMs]. */
function changeWithin(timeZone: string, fromMs: number, toMs: number): number {
  const before = offsetSeconds(timeZone, fromMs);
  let [low, high] = [fromMs / 1_000, toMs / 1_000];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetSeconds(timeZone, middle * 1_000) === before) low = middle;
    else high = middle;
  }
  return high * 1_000;
}

const rendered = new Map<string, string>();

/**
 * A VTIMEZONE with every change of the clock in the given years, taken from Node's own tz database: what the calendar shows
 * is then what the service computed, whatever tz database the reader has.
 */
export function renderTimeZone(timeZone: string, firstYear: number, lastYear: number): string {
  const key = `${timeZone} ${firstYear} ${lastYear}`;
  const known = rendered.get(key);
  if (known !== undefined) return known;
  // two days early: on New Year's Day it is already tomorrow in the east
  const startMs = Date.UTC(firstYear, 0, 1) - 2 * dayMs;
  const endMs = Date.UTC(lastYear + 1, 0, 2);
  const first = offsetSeconds(timeZone, startMs);
  const lines = observance('STANDARD', startMs, first, first);
  let offset = first;
  for (let at = startMs; at < endMs; at += 7 * dayMs) {
    const next = offsetSeconds(timeZone, at + 7 * dayMs);
    if (next === offset) continue;
    lines.push(
      ...observance(next > offset ? 'DAYLIGHT' : 'STANDARD', changeWithin(timeZone, at, at + 7 * dayMs), offset, next),
    );
    offset = next;
  }
  const text = ['BEGIN:VTIMEZONE', `TZID:${timeZone}`, ...lines, 'END:VTIMEZONE'].join('\r\n');
  // zones × school years: dozens. The bound is for whoever sends classes of the year 9999
  if (rendered.size > 500) rendered.clear();
  rendered.set(key, text);
  return text;
}
