/**
 * Writes the demo co-op with `node generate.ts`, always from the same seed, so that the files
 * never differ from this program. All people and streets are invented; the towns are real.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { courses, type Course } from './courses.ts';
import { seedFolder, toCsv } from '../src/families/seed.ts';
import { cultures, spell, type Culture } from './names.ts';

const familyCount = 320;
const term = { firstDay: '2027-01-11', weeks: 19 };
const currency = 'USD';
const timeZone = 'America/Chicago';

const towns = [
  { city: 'Madison', postalCode: '53703', latitude: 43.0748, longitude: -89.3838, weight: 8 },
  { city: 'Madison', postalCode: '53711', latitude: 43.0356, longitude: -89.4531, weight: 6 },
  { city: 'Monona', postalCode: '53716', latitude: 43.0622, longitude: -89.334, weight: 2 },
  { city: 'Middleton', postalCode: '53562', latitude: 43.0972, longitude: -89.5043, weight: 4 },
  { city: 'Sun Prairie', postalCode: '53590', latitude: 43.1836, longitude: -89.2137, weight: 5 },
  { city: 'Verona', postalCode: '53593', latitude: 42.9908, longitude: -89.5332, weight: 3 },
  { city: 'Stoughton', postalCode: '53589', latitude: 42.9169, longitude: -89.2179, weight: 2 },
  { city: 'Waunakee', postalCode: '53597', latitude: 43.1919, longitude: -89.4557, weight: 3 },
  { city: 'Oregon', postalCode: '53575', latitude: 42.926, longitude: -89.3846, weight: 2 },
  { city: 'McFarland', postalCode: '53558', latitude: 43.0125, longitude: -89.2898, weight: 2 },
  { city: 'DeForest', postalCode: '53532', latitude: 43.2478, longitude: -89.3437, weight: 2 },
  { city: 'Mount Horeb', postalCode: '53572', latitude: 43.0086, longitude: -89.7385, weight: 1 },
] as const;
const streets = ['Bur Oak Ln', 'Cranberry Ct', "Druid's Hill Rd", 'Elm St', 'Heron Way', 'Kettle Moraine Dr', 'Lakeview Ave', 'Marsh Hawk Trl', 'Old Creamery Rd', 'Prairie Rose Blvd', 'Quarry Pl', 'Sugar Maple St', 'Tamarack Ter', 'N. 4th St', 'County Rd. PD']; // prettier-ignore

/** mulberry32: small, fast, and the same on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let random = randomFrom(0);
const between = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
const pick = <T>(from: readonly T[]): T => from[between(0, from.length - 1)] as T;

function pickWeighted<T>(from: readonly T[], weightOf: (item: T) => number): T {
  let left = random() * from.reduce((sum, item) => sum + weightOf(item), 0);
  for (const item of from) {
    left -= weightOf(item);
    if (left < 0) return item;
  }
  return from[from.length - 1] as T;
}

/** How many, given the weight of one, two, three … */
const howMany = (...weights: number[]): number =>
  pickWeighted([...weights.keys()], (index) => weights[index] as number) + 1;

const dayPlus = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

interface Family {
  readonly family: string;
  readonly guardian: string;
  readonly email: string;
  readonly phone: string;
  readonly street: string;
  readonly town: (typeof towns)[number];
  readonly place: readonly [latitude: string, longitude: string];
  readonly children: readonly Child[];
}
interface Child {
  readonly name: string;
  readonly birthDate: string;
  readonly wishes: readonly Course[];
}

const emails = new Set<string>();
function emailOf(given: string, family: string): string {
  const local = `${given}.${family}`;
  const host = pick(['example.org', 'example.com', 'mail.example.net']);
  let email = `${local}@${host}`;
  for (let number = 2; emails.has(email); number += 1) email = `${local}${number}@${host}`;
  emails.add(email);
  return email;
}

function nameOf(culture: Culture, given: string, family: string): string {
  if (culture.order === 'given family') return `${given} ${family}`;
  return culture.order === 'family given' ? `${family} ${given}` : `${family}${given}`;
}

function makeFamily(_: unknown, index: number): Family {
  const culture = pickWeighted(cultures, ({ weight }) => weight);
  const surname = spell(pick(culture.families));
  const parent = spell(pick(culture.parents));
  const town = pickWeighted(towns, ({ weight }) => weight);
  const near = (degrees: number): string => (degrees + (random() - 0.5) * 0.05).toFixed(5);
  const givenNames = new Set<string>();
  const children = Array.from({ length: Math.min(howMany(20, 42, 24, 10, 4), culture.children.length) }, () => {
    let given = spell(pick(culture.children)).written;
    while (givenNames.has(given)) given = spell(pick(culture.children)).written;
    givenNames.add(given);
    return makeChild(nameOf(culture, given, surname.written));
  });
  return {
    family: surname.written,
    guardian: nameOf(culture, parent.written, surname.written),
    email: emailOf(parent.ascii, surname.ascii),
    // 555-0100 to 555-0199 are reserved for fiction
    phone: `+1 ${['608', '414', '920', '262'][index % 4] as string} 555 01${String(Math.floor(index / 4)).padStart(2, '0')}`,
    street: `${between(1, 9800)} ${pick(streets)}${random() < 0.12 ? `, Apt ${between(1, 40)}` : ''}`,
    town,
    place: [near(town.latitude), near(town.longitude)],
    children,
  };
}

function makeChild(name: string): Child {
  const born = dayPlus(term.firstDay, -between(4 * 365 + 30, 17 * 365 + 300));
  const age = (Date.parse(term.firstDay) - Date.parse(born)) / 86_400_000 / 365.2425;
  const fits = ({ ages: [youngest, oldest] }: Course): boolean => age >= youngest + 0.02 && age < oldest + 0.98;
  const wishes: Course[] = [];
  for (let left = howMany(35, 40, 18, 7); left > 0; left -= 1) {
    // some parents hope that the age is not checked
    const hopeful = random() < 0.04;
    const possible = courses.filter((course) => fits(course) !== hopeful && !wishes.includes(course));
    if (possible.length > 0) wishes.push(pickWeighted(possible, ({ draw }) => draw));
  }
  // some submit the form twice
  if (random() < 0.015) wishes.push(wishes[0] as Course);
  return { name, birthDate: born, wishes };
}

function classRow(course: Course): (string | number)[] {
  const { title, description, subject, teacher, room, hours, ages, seats, price, weeks = [1, term.weeks] } = course;
  const [weekday, times] = hours.split(' ') as [string, string];
  const offset = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].indexOf(weekday);
  const dayInWeek = (week: number): string => dayPlus(term.firstDay, (week - 1) * 7 + offset);
  const when = [...times.split('-'), dayInWeek(weeks[0]), dayInWeek(weeks[1]), timeZone];
  return [title, description, subject, teacher, room, weekday, ...when, ...ages, seats, price.toFixed(2), currency];
}

const familyColumns = ['guardian_email', 'guardian_name', 'guardian_phone', 'family_name', 'street', 'city', 'postal_code', 'latitude', 'longitude', 'child_name', 'child_birth_date']; // prettier-ignore
const classColumns = ['title', 'description', 'subject', 'teacher', 'room', 'weekday', 'start', 'end', 'first_day', 'last_day', 'time_zone', 'age_min', 'age_max', 'capacity', 'price', 'currency']; // prettier-ignore
const wishColumns = ['guardian_email', 'child_name', 'rank', 'class_title'];

function childRows({ email, guardian, phone, family, street, town, place, children }: Family): (string | number)[][] {
  const { city, postalCode } = town;
  return children.map(({ name, birthDate }) => [
    ...[email, guardian, phone, family, street, city, postalCode, ...place, name, birthDate],
  ]);
}

function wishRows({ email, children }: Family): (string | number)[][] {
  return children.flatMap(({ name, wishes }) => wishes.map(({ title }, index) => [email, name, index + 1, title]));
}

/** The files by name. */
export function generate(): Record<string, string> {
  random = randomFrom(20270111);
  emails.clear();
  const families = Array.from({ length: familyCount }, makeFamily);
  return {
    'families.csv': toCsv([familyColumns, ...families.flatMap(childRows)], '\n'),
    'classes.csv': toCsv([classColumns, ...courses.map(classRow)], '\n'),
    'wishes.csv': toCsv([wishColumns, ...families.flatMap(wishRows)], '\n'),
  };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(generate())) writeFileSync(join(seedFolder, name), text);
}
