import { weekdays, type ClassSnapshot } from '@homeroom/contracts';
import { fieldNames, type ClassDetails, type FieldName } from './schemas.ts';

export const slotFields = ['weekday', 'startTime', 'endTime', 'firstDay', 'lastDay'] as const satisfies FieldName[];

/** The hours that a class fills: one weekday, from a time to a time, from a day to a day. */
export type WeeklySlot = Pick<ClassDetails, (typeof slotFields)[number]>;

function pick<T, K extends keyof T>(from: T, names: readonly K[]): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, from[name]])) as Pick<T, K>;
}

const meetingFields = [...slotFields, 'room'] as const satisfies FieldName[];

/** When and where a class meets. */
export const meetingOf = (about: ClassDetails): Pick<ClassDetails, (typeof meetingFields)[number]> =>
  pick(about, meetingFields);

export const slotOf = (about: WeeklySlot): WeeklySlot => pick(about, slotFields);

/** `Tuesdays, 10:00–11:30`, for messages. */
export const hoursOf = ({ weekday, startTime, endTime }: Omit<WeeklySlot, 'firstDay' | 'lastDay'>): string =>
  `${capitalized(weekday)}s, ${startTime}–${endTime}`;

const longDate = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'UTC' });

/** `May 18, 2027`, for messages. */
export const dateOf = (day: string): string => longDate.format(new Date(`${day}T00:00Z`));

export interface Mistake {
  readonly field: keyof ClassDetails;
  readonly message: string;
}

const dayMs = 86_400_000;

/** The first day on which a class meets, also when that is after its last day. */
function firstMeeting({ weekday, firstDay }: WeeklySlot): string {
  const from = new Date(`${firstDay}T00:00Z`);
  // 0 is Sunday for a Date, and Monday is the first of our weekdays
  const daysToWait = (weekdays.indexOf(weekday) + 1 - from.getUTCDay() + 7) % 7;
  return new Date(from.getTime() + daysToWait * dayMs).toISOString().slice(0, 10);
}

/** With the first day moved to the first meeting. Without any meeting it stays: that is a mistake, see `findMistakes`. */
export function alignFirstDay<Slot extends WeeklySlot>(given: Slot): Slot {
  const firstDay = firstMeeting(given);
  return firstDay <= given.lastDay ? { ...given, firstDay } : given;
}

export const capitalized = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

/** Fields that contradict each other. The schema checks each field alone. */
export function findMistakes(details: ClassDetails): Mistake[] {
  const mistakes: Mistake[] = [];
  if (details.endTime <= details.startTime)
    mistakes.push({ field: 'endTime', message: 'must be after the start time' });
  if (details.lastDay < details.firstDay)
    mistakes.push({ field: 'lastDay', message: 'must not be before the first day' });
  else if (firstMeeting(details) > details.lastDay) {
    const message = `No ${capitalized(details.weekday)} from ${dateOf(details.firstDay)} to ${dateOf(details.lastDay)}. Change the weekday, the first day, or the last day.`;
    mistakes.push({ field: 'weekday', message });
  }
  if (details.ageMax < details.ageMin) mistakes.push({ field: 'ageMax', message: 'must not be below the lowest age' });
  return mistakes;
}

export const sameDetails = (a: ClassDetails, b: ClassDetails): boolean =>
  fieldNames.every((name) => a[name] === b[name]);

/** Whether two classes share a day of their terms. Days compare as text. */
export const datesOverlap = (a: WeeklySlot, b: WeeklySlot): boolean =>
  a.firstDay <= b.lastDay && b.firstDay <= a.lastDay;

/** Whether two slots share an hour. Ranges of days that share no such weekday count as well: rare, and safe. */
export const overlaps = (a: WeeklySlot, b: WeeklySlot): boolean =>
  a.weekday === b.weekday && a.startTime < b.endTime && b.startTime < a.endTime && datesOverlap(a, b);

/** Whether two classes meet at the same hour on at least one day. */
export function meetTogether(a: WeeklySlot, b: WeeklySlot): boolean {
  if (!overlaps(a, b)) return false;
  const firstDay = a.firstDay > b.firstDay ? a.firstDay : b.firstDay;
  const lastDay = a.lastDay < b.lastDay ? a.lastDay : b.lastDay;
  return firstMeeting({ ...a, firstDay }) <= lastDay;
}

/** Whether two states of a class meet at the same hours of the same days, in the same room. */
export const sameMeetings = (a: ClassDetails, b: ClassDetails): boolean =>
  a.room === b.room && sameSlot(alignFirstDay(a), alignFirstDay(b));

export const sameSlot = (a: WeeklySlot, b: WeeklySlot): boolean => slotFields.every((name) => a[name] === b[name]);

/** Age in whole years on a day. A birthday on 29 February counts from 1 March in other years. */
export const ageOn = (birthDate: string, day: string): number =>
  Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (day.slice(5) < birthDate.slice(5) ? 1 : 0);

const publishedFields = fieldNames.filter((name) => name !== 'description');

/** A class in its events: without counters, because seats change too often to publish each change. */
export const snapshotOf = (about: ClassDetails & { id: string; version: number }): ClassSnapshot => ({
  classId: about.id,
  version: about.version,
  ...pick(about, publishedFields),
});
