import { minorDigits } from '@homeroom/chassis';
import type { ClassSnapshot } from '@homeroom/contracts';
import { oneLine } from './one-line.ts';

type Meeting = Pick<ClassSnapshot, 'weekday' | 'startTime' | 'endTime'>;

/** Writes dates, times, and amounts as people of one locale do. */
export interface Format {
  /** `10:00 AM` from `10:00`. */
  time(time: string): string;
  /** `9:00–10:00 AM`; a time that ends after midnight names both halves of the day. */
  times(start: string, end: string): string;
  /** `Saturday, September 12, 2026` from `2026-09-12`. */
  day(day: string): string;
  /** `November 23, 2026 at 2:00 AM CST`: an instant, as the clocks of a time zone show it. */
  instant(instant: string | Date, timeZone: string): string;
  /** `Mondays, 9:00–10:00 AM`. */
  weekly(meeting: Meeting): string;
  /** `Mondays, 9:00–10:00 AM, January 11 – May 17, 2027`; a class of one day is that day. */
  schedule(course: Meeting & Pick<ClassSnapshot, 'firstDay' | 'lastDay'>): string;
  /**
   * `$145.00`, `¥1,500`.
   * @param amount in the smallest unit of the currency, as payment providers count it: cents of USD, yen of JPY.
   */
  money(amount: number, currency: string): string;
}

const known = new Map<string, Format>();

/** The format of a co-op’s locale. All words are English: of another language’s locale only the region counts. */
export function formatOf(locale: string): Format {
  const format = known.get(locale) ?? createFormat(englishOf(locale));
  known.set(locale, format);
  return format;
}

/** `en-GB` for `en-GB`, `en-DE` for `de-DE` and for `de`. */
function englishOf(locale: string): string {
  const given = new Intl.Locale(locale);
  if (given.language === 'en') return locale;
  const { region } = given.maximize();
  return region === undefined ? 'en-US' : `en-${region}`;
}

const noon = (day: string): number => Date.parse(`${day}T12:00Z`);

/** Intl separates with narrow and thin spaces, which many mail clients and fonts show badly. */
const plainSpaces = (text: string): string => text.replaceAll(/[\u2009\u202f\u00a0]/g, ' ');

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

function createFormat(locale: string): Format {
  const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit', timeZone: 'UTC' });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' });
  const fullDate = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeZone: 'UTC' });
  const days = (first: string, last: string): string => plainSpaces(date.formatRange(noon(first), noon(last)));
  const format: Format = {
    time: (time) => plainSpaces(clock.format(Date.parse(`2000-01-01T${time}Z`))),
    times(start, end) {
      if (end <= start) return `${format.time(start)} – ${format.time(end)}`;
      const range = clock.formatRange(Date.parse(`2000-01-01T${start}Z`), Date.parse(`2000-01-01T${end}Z`));
      // where both are in the same half of the day
      return plainSpaces(range).replace(/^(\d+:\d+) – (\d+:\d+ [ap]m)$/i, '$1–$2');
    },
    day: (day) => plainSpaces(fullDate.format(noon(day))),
    instant: (instant, timeZone) =>
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
      ),
    weekly: ({ weekday, startTime, endTime }) => `${capital(weekday)}s, ${format.times(startTime, endTime)}`,
    schedule: (course) =>
      course.firstDay === course.lastDay
        ? `${format.day(course.firstDay)}, ${format.times(course.startTime, course.endTime)}`
        : `${format.weekly(course)}, ${days(course.firstDay, course.lastDay)}`,
    money(amount, currency) {
      // events from before currencies were checked may have any three characters
      if (!/^[a-z]{3}$/i.test(currency)) return `${oneLine(currency)} ${(amount / 100).toFixed(2)}`;
      const digits = minorDigits(currency.toUpperCase());
      const exactly = { minimumFractionDigits: digits, maximumFractionDigits: digits };
      const number = new Intl.NumberFormat(locale, { style: 'currency', currency, ...exactly });
      return plainSpaces(number.format(amount / 10 ** digits));
    },
  };
  return format;
}

/** `Sec family`, whether the family is called `Sec`, `Sec Family`, or `The Sec family`. */
export function formatFamily(name: string): string {
  const core = oneLine(name)
    .replace(/^the\s+/i, '')
    .replace(/\s*\bfamily$/i, '');
  return core === '' ? 'family' : `${core} family`;
}
