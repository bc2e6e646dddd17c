import { z } from 'zod';
import { dateMistake, readDate } from './dates.ts';

/** A cell that `read` understands; otherwise the sentence says what is wrong and what to write. */
const cell = <T>(read: (text: string) => T | undefined, mistake: (text: string) => string) =>
  z.string().transform((text, ctx): T => {
    const value = read(text.trim());
    if (value !== undefined) return value;
    ctx.addIssue({ code: 'custom', message: mistake(short(text)) });
    return z.NEVER;
  });

const short = (text: string): string => Array.from(text.trim()).slice(0, 40).join('');
const two = (text: string | number): string => String(text).padStart(2, '0');

/** A day: `2026-09-08`, or `9/8/2026` with the month first → `2026-09-08`. */
export const dateCell = cell(readDate, dateMistake);

const clock = /^(?<hours>\d{1,2})(?::(?<minutes>\d{2})(?::00)?)?\s*(?<half>[ap])?\.?(?:m\.?)?$/i;

function readTime(text: string): string | undefined {
  const { hours, minutes, half } = clock.exec(text)?.groups ?? {};
  if (hours === undefined || (minutes === undefined && half === undefined)) return undefined;
  // "9 m" and "9:00m" are neither
  if (half === undefined && /m\.?$/i.test(text)) return undefined;
  const hour = Number(hours);
  if (Number(minutes ?? 0) > 59) return undefined;
  if (half === undefined) return hour > 23 ? undefined : `${two(hour)}:${minutes ?? '00'}`;
  if (hour < 1 || hour > 12) return undefined;
  return `${two((hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0))}:${minutes ?? '00'}`;
}

/** A time: `9:00`, `14:30`, `9am`, `2:30 PM` → `14:30`. */
export const timeCell = cell(readTime, (text) => `Unknown time "${text}". Use a time such as 14:30 or 2:30 PM.`);

/** Groups of three digits, then two decimals or none; `145,00` has a decimal comma, `1,450` a comma between groups. */
const amounts = [
  /^(?<whole>\d{1,7})(?:[.,](?<decimals>\d{2}))?$/,
  /^(?<whole>\d{1,3}(?:,\d{3})+)(?:\.(?<decimals>\d{2}))?$/,
  /^(?<whole>\d{1,3}(?:\.\d{3})+),(?<decimals>\d{2})$/,
];

/** Read as text: 145.10 has no exact double. */
function readCents(text: string): number | undefined {
  const bare = text.replace(/^\$\s*/, '');
  for (const pattern of amounts) {
    const { whole, decimals } = pattern.exec(bare)?.groups ?? {};
    if (whole !== undefined) return Number(`${whole.replace(/[.,]/g, '')}${decimals ?? '00'}`);
  }
  return undefined;
}

/** Money, in hundredths: `145`, `$145.00`, `1,450.00`, `145,00` → 14500. */
export const centsCell = cell(readCents, (text) => `Unknown amount "${text}". Use an amount such as 145.00.`);

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;

function readWeekday(text: string): (typeof days)[number] | undefined {
  const word = text.toLowerCase().replace(/\.$/, '').replace(/s$/, '');
  return word.length < 3 ? undefined : days.find((day) => day.startsWith(word));
}

/** A weekday: `Mon`, `MONDAY`, `Mondays` → `monday`. */
export const weekdayCell = cell(readWeekday, (text) => `Unknown weekday "${text}". Use a weekday such as Monday.`);

/** A whole number of at most nine digits. */
export const wholeCell = cell(
  (text) => (/^\d{1,9}$/.test(text) ? Number(text) : undefined),
  (text) => `Unknown number "${text}". Use a whole number such as 12.`,
);
