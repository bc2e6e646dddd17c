import { weekdays, type ClassSnapshot } from '@homeroom/contracts';

export type Weekday = (typeof weekdays)[number];

/** The hours that a class fills: one weekday, from a time to a time, from a day to a day. */
export interface WeeklySlot {
  readonly weekday: Weekday;
  readonly startTime: string;
  readonly endTime: string;
  readonly firstDay: string;
  readonly lastDay: string;
}

/** What a coordinator says about a class. */
export interface ClassDetails extends WeeklySlot {
  readonly title: string;
  readonly description: string;
  readonly subject: string;
  readonly teacher: string;
  readonly room: string;
  readonly timeZone: string;
  readonly ageMin: number;
  readonly ageMax: number;
  readonly capacity: number;
  readonly priceCents: number;
  readonly currency: string;
  readonly status: 'open' | 'closed';
}

/** A class as everyone may see it. */
export interface ClassView extends ClassDetails {
  readonly id: string;
  readonly version: number;
  readonly seatsLeft: number;
  readonly waitlisted: number;
}

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

export const capitalized = (word: string): string => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;

/** The rules that tie one field to another; each field alone is its schema's matter. */
export function findMistakes(details: ClassDetails): Mistake[] {
  const mistakes: Mistake[] = [];
  if (details.endTime <= details.startTime) mistakes.push({ field: 'endTime', message: 'must be after startTime' });
  if (details.lastDay < details.firstDay) mistakes.push({ field: 'lastDay', message: 'must not be before firstDay' });
  else if (firstMeeting(details) > details.lastDay) {
    const message = `No ${capitalized(details.weekday)} from ${details.firstDay} to ${details.lastDay}. Change the weekday, the first day, or the last day.`;
    mistakes.push({ field: 'weekday', message });
  }
  if (details.ageMax < details.ageMin) mistakes.push({ field: 'ageMax', message: 'must not be below ageMin' });
  return mistakes;
}

const fields = [
  'title',
  'description',
  'subject',
  'teacher',
  'room',
  'weekday',
  'startTime',
  'endTime',
  'firstDay',
  'lastDay',
  'timeZone',
  'ageMin',
  'ageMax',
  'capacity',
  'priceCents',
  'currency',
  'status',
] as const satisfies readonly (keyof ClassDetails)[];

export const sameDetails = (a: ClassDetails, b: ClassDetails): boolean => fields.every((name) => a[name] === b[name]);

/** Whether two classes share a day of their terms. Days compare as text. */
export const datesOverlap = (a: WeeklySlot, b: WeeklySlot): boolean =>
  a.firstDay <= b.lastDay && b.firstDay <= a.lastDay;

/** Two ranges that share no such weekday still count: a term's edge is not worth a clash. */
export const overlaps = (a: WeeklySlot, b: WeeklySlot): boolean =>
  a.weekday === b.weekday && a.startTime < b.endTime && b.startTime < a.endTime && datesOverlap(a, b);

/** Whether two classes are held at once: on a day and at an hour of both. */
export function meetTogether(a: WeeklySlot, b: WeeklySlot): boolean {
  if (!overlaps(a, b)) return false;
  const firstDay = a.firstDay > b.firstDay ? a.firstDay : b.firstDay;
  const lastDay = a.lastDay < b.lastDay ? a.lastDay : b.lastDay;
  return firstMeeting({ ...a, firstDay }) <= lastDay;
}

export const sameSlot = (a: WeeklySlot, b: WeeklySlot): boolean =>
  a.weekday === b.weekday &&
  a.startTime === b.startTime &&
  a.endTime === b.endTime &&
  a.firstDay === b.firstDay &&
  a.lastDay === b.lastDay;

/** Whole years lived on a day. Someone born on 29 February has a birthday on 1 March in other years. */
export const ageOn = (birthDate: string, day: string): number =>
  Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (day.slice(5) < birthDate.slice(5) ? 1 : 0);

/** The class as its events tell it: details only, for seats change too often to be published one by one. */
export const snapshotOf = ({ id, ...details }: ClassDetails & { id: string; version: number }): ClassSnapshot => ({
  classId: id,
  version: details.version,
  title: details.title,
  subject: details.subject,
  teacher: details.teacher,
  room: details.room,
  weekday: details.weekday,
  startTime: details.startTime,
  endTime: details.endTime,
  firstDay: details.firstDay,
  lastDay: details.lastDay,
  timeZone: details.timeZone,
  ageMin: details.ageMin,
  ageMax: details.ageMax,
  capacity: details.capacity,
  priceCents: details.priceCents,
  currency: details.currency,
  status: details.status,
});
