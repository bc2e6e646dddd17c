import { minorDigits } from '@homeroom/chassis';
import type { ClassSnapshot } from '@homeroom/contracts';
import { oneLine } from './one-line.ts';

/** The one place that knows the language of mails and notifications. */
export const locale = 'en-US';

const noon = (day: string): number => Date.parse(`${day}T12:00Z`);

/** Intl separates with narrow and thin spaces, which many mail clients and fonts show badly. */
const plainSpaces = (text: string): string => text.replaceAll(/[\u2009\u202f\u00a0]/g, ' ');

const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });
const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
const fullDate = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone: 'UTC' });

/** `10:00 AM` from `10:00`. */
export const formatTime = (time: string): string => plainSpaces(clock.format(Date.parse(`2000-01-01T${time}Z`)));

/** `9:00–10:00 AM`; a time that ends after midnight names both halves of the day. */
export function formatTimes(start: string, end: string): string {
  if (end <= start) return `${formatTime(start)} – ${formatTime(end)}`;
  const range = clock.formatRange(Date.parse(`2000-01-01T${start}Z`), Date.parse(`2000-01-01T${end}Z`));
  // where both are in the same half of the day
  return plainSpaces(range).replace(/^(\d+:\d+) – (\d+:\d+ [AP]M)$/, '$1–$2');
}

/** `Saturday, September 12, 2026` from `2026-09-12`. */
export const formatDay = (day: string): string => fullDate.format(noon(day));

/** `January 11 – May 17, 2027`. */
const formatDays = (first: string, last: string): string => plainSpaces(date.formatRange(noon(first), noon(last)));

/** `November 23, 2026 at 2:00 AM CST`: an instant, as the clocks of a time zone show it. */
export const formatInstant = (instant: string | Date, timeZone: string): string =>
  plainSpaces(
    new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: 'long',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      timeZoneName: 'short',
      timeZone,
    }).format(new Date(instant)),
  );

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `Mondays, 9:00–10:00 AM`. */
export const formatWeekly = (meeting: Pick<ClassSnapshot, 'weekday' | 'startTime' | 'endTime'>): string =>
  `${capital(meeting.weekday)}s, ${formatTimes(meeting.startTime, meeting.endTime)}`;

/** `Mondays, 9:00–10:00 AM, January 11 – May 17, 2027`; a class of one day is that day. */
export const formatSchedule = (
  course: Pick<ClassSnapshot, 'weekday' | 'startTime' | 'endTime' | 'firstDay' | 'lastDay'>,
): string =>
  course.firstDay === course.lastDay
    ? `${formatDay(course.firstDay)}, ${formatTimes(course.startTime, course.endTime)}`
    : `${formatWeekly(course)}, ${formatDays(course.firstDay, course.lastDay)}`;

/**
 * `$145.00`, `¥1,500`.
 * @param amount in the smallest unit of the currency, as payment providers count it: cents of USD, yen of JPY.
 */
export function formatMoney(amount: number, currency: string): string {
  // events from before currencies were checked may have any three characters
  if (!/^[a-z]{3}$/i.test(currency)) return `${oneLine(currency)} ${(amount / 100).toFixed(2)}`;
  const digits = minorDigits(currency.toUpperCase());
  const exactly = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency, ...exactly });
  return plainSpaces(format.format(amount / 10 ** digits));
}

/** `Sec family`, whether the family is called `Sec`, `Sec Family`, or `The Sec family`. */
export function formatFamily(name: string): string {
  const core = oneLine(name)
    .replace(/^the\s+/i, '')
    .replace(/\s*\bfamily$/i, '');
  return core === '' ? 'family' : `${core} family`;
}
