import { z } from 'zod';

/** Which part comes first in a date whose year comes last: 9/8/2026 is 8 September or 9 August. */
export const dateOrder = z.enum(['month-first', 'day-first']);
export type DateOrder = z.infer<typeof dateOrder>;

/** How the dates of a file were read, for its report. */
export const dateConvention = z.object({
  order: z
    .enum(['year-first', 'month-first', 'day-first', 'mixed'])
    .describe('`mixed`: the file has both orders, so every date that could be either is rejected'),
  basis: z
    .enum(['given', 'detected', 'assumed'])
    .describe('`assumed`: every date could be either, such as 9/8/2026. Check some, or give `dates`'),
});
export type DateConvention = Readonly<z.infer<typeof dateConvention>>;

const yearFirst = /^(?<year>\d{4})[-/.](?<month>\d{1,2})[-/.](?<day>\d{1,2})$/;
const yearLast = /^(?<first>\d{1,2})[/.-](?<second>\d{1,2})[/.-](?<year>\d{4})$/;
const shortYear = /^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$/;

/** The order that a date proves, `either` for one that proves none, undefined when its year is not last. */
function orderOf(text: string): DateOrder | 'either' | undefined {
  const { first, second } = yearLast.exec(text)?.groups ?? {};
  if (first === undefined || second === undefined) return undefined;
  if (Number(first) > 12) return 'day-first';
  return Number(second) > 12 ? 'month-first' : 'either';
}

/**
 * Finds how a file writes its dates: one date that can only be read in one way shows it for all others.
 * @param options.given the order that the sender of the file has named, `assumed` the one for a file that shows none.
 */
export function conventionOf(
  dates: Iterable<string>,
  { given, assumed = 'month-first' }: { given?: DateOrder | undefined; assumed?: DateOrder | undefined } = {},
): DateConvention {
  if (given !== undefined) return { order: given, basis: 'given' };
  const found = new Set<ReturnType<typeof orderOf>>();
  for (const date of dates) found.add(orderOf(date));
  if (found.has('day-first') && found.has('month-first')) return { order: 'mixed', basis: 'detected' };
  if (found.has('day-first')) return { order: 'day-first', basis: 'detected' };
  if (found.has('month-first')) return { order: 'month-first', basis: 'detected' };
  return found.has('either') ? { order: assumed, basis: 'assumed' } : { order: 'year-first', basis: 'detected' };
}

/** Why a date cannot be read by its file's convention, and what to write instead; undefined when it can. */
export function contradiction(text: string, { order }: DateConvention): string | undefined {
  const own = orderOf(text);
  if (own === 'either' && order === 'mixed') {
    return `Ambiguous date "${text}": the file has dates with the month first and dates with the day first. Write the year first, such as 2026-09-08.`;
  }
  if (order === 'day-first' && own === 'month-first') {
    return `Unknown date "${text}": the dates of this file have the day first. Write 8/9/2026 or 2026-09-08 for 8 September.`;
  }
  if (order === 'month-first' && own === 'day-first') {
    return `Unknown date "${text}": the dates of this file have the month first. Write 9/8/2026 or 2026-09-08 for 8 September.`;
  }
  return undefined;
}

/** A date that its convention reads with the day first, as `dateCell` reads it; any other text as it is. */
export function yearFirstOf(text: string, { order }: DateConvention): string {
  const own = orderOf(text);
  const isDayFirst = own === 'day-first' || (own === 'either' && order === 'day-first');
  return isDayFirst ? text.replace(yearLast, '$<year>-$<second>-$<first>') : text;
}

const two = (text: string): string => text.padStart(2, '0');

function realDay(year = '', month = '', day = ''): string | undefined {
  const iso = `${year}-${two(month)}-${two(day)}`;
  const date = new Date(`${iso}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(iso) ? iso : undefined;
}

/** `2026-09-08` of a day with the year first, or with the month first. */
export function readDate(text: string): string | undefined {
  const iso = yearFirst.exec(text)?.groups;
  if (iso !== undefined) return realDay(iso['year'], iso['month'], iso['day']);
  const us = yearLast.exec(text)?.groups;
  return us === undefined ? undefined : realDay(us['year'], us['first'], us['second']);
}

/** What is wrong with a date that `readDate` does not know. */
export function dateMistake(text: string): string {
  if (shortYear.test(text)) return `Unknown date "${text}". Write the year with four digits, such as 2026-09-08.`;
  return `Unknown date "${text}". Use a real day such as 2026-09-08 or 9/8/2026.`;
}
