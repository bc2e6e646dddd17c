import type { Queryable, Transaction } from '@homeroom/postgres';
import type { ClassDetails, ClassView, Weekday } from './class.ts';

/** A class as JSON text, in the shape of the API: read once, stored and sent as it is. Takes a row of `classes`. */
export const classJson = (row: string): string => `json_build_object(
  'id', ${row}.class_id, 'version', ${row}.version, 'title', ${row}.title, 'description', ${row}.description,
  'subject', ${row}.subject, 'teacher', ${row}.teacher, 'room', ${row}.room, 'weekday', ${row}.weekday,
  'startTime', ${row}.start_time, 'endTime', ${row}.end_time, 'firstDay', ${row}.first_day, 'lastDay', ${row}.last_day,
  'timeZone', ${row}.time_zone, 'ageMin', ${row}.age_min, 'ageMax', ${row}.age_max, 'capacity', ${row}.capacity,
  'seatsLeft', ${row}.capacity - ${row}.taken, 'waitlisted', ${row}.waitlisted, 'priceCents', ${row}.price_cents,
  'currency', ${row}.currency, 'status', ${row}.status)`;

const readClassText = `select ${classJson('c')}::text as text from classes c where class_id = $1`;

/** The version in what `classJson` and its like have written, without reading all of it. */
export const versionIn = (text: string): number => Number(/"version" ?: ?(\d+)/.exec(text)?.[1]);

/** The hot read: one query, no object is made of it. */
export async function findClassText(db: Queryable, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ text: string }>({ name: 'class-text', text: readClassText, values: [id] });
  return rows[0]?.text;
}

/** Holds the class until the transaction ends: seats and waitlist of one class change one after the other. */
export async function lockClass(trx: Transaction, id: string): Promise<ClassView | undefined> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'class-lock',
    text: `select ${classJson('c')} as class from classes c where class_id = $1 for no key update`,
    values: [id],
  });
  return rows[0]?.class;
}

const recordOf = `jsonb_to_recordset($1::jsonb) as d(
  id uuid, title text, description text, subject text, teacher text, room text, weekday text, "startTime" text,
  "endTime" text, "firstDay" date, "lastDay" date, "timeZone" text, "ageMin" int, "ageMax" int, capacity int,
  "priceCents" int, currency text, status text)`;

/** Inserts classes that do not exist; one whose natural key is taken is left out. @returns the ids of those inserted. */
export async function insertClasses(
  trx: Transaction,
  classes: readonly (ClassDetails & { id: string })[],
): Promise<Set<string>> {
  const { rows } = await trx.query<{ id: string }>({
    name: 'classes-insert',
    text: `insert into classes (class_id, version, title, description, subject, teacher, room, weekday, start_time,
        end_time, first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status)
      select id, 1, title, description, subject, teacher, room, weekday, "startTime", "endTime", "firstDay", "lastDay",
        "timeZone", "ageMin", "ageMax", capacity, "priceCents", currency, status from ${recordOf}
      on conflict (title, teacher, weekday, start_time) do nothing
      returning class_id as id`,
    values: [JSON.stringify(classes)],
  });
  return new Set(rows.map(({ id }) => id));
}

export async function updateClass(trx: Transaction, id: string, details: ClassDetails): Promise<ClassView> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'class-update',
    text: `update classes c set version = c.version + 1, title = d.title, description = d.description,
        subject = d.subject, teacher = d.teacher, room = d.room, weekday = d.weekday, start_time = d."startTime",
        end_time = d."endTime", first_day = d."firstDay", last_day = d."lastDay", time_zone = d."timeZone",
        age_min = d."ageMin", age_max = d."ageMax", capacity = d.capacity, price_cents = d."priceCents",
        currency = d.currency, status = d.status
      from ${recordOf} where c.class_id = d.id returning ${classJson('c')} as class`,
    values: [JSON.stringify([{ ...details, id }])],
  });
  const updated = rows[0]?.class;
  if (updated === undefined) throw new Error(`class ${id} vanished under its lock`);
  return updated;
}

/** Takes seats and places, or gives them back (negative). */
export async function countSeats(
  trx: Transaction,
  id: string,
  change: { taken: number; waitlisted: number },
): Promise<void> {
  await trx.query({
    name: 'class-count',
    text: `update classes set taken = taken + $2, waitlisted = waitlisted + $3 where class_id = $1`,
    values: [id, change.taken, change.waitlisted],
  });
}

/** What makes two lines of a timetable the same class. */
export type NaturalKey = Pick<ClassDetails, 'title' | 'teacher' | 'weekday' | 'startTime'>;

export async function readByNaturalKeys(db: Queryable, keys: readonly NaturalKey[]): Promise<ClassView[]> {
  const { rows } = await db.query<{ class: ClassView }>({
    name: 'classes-by-natural-key',
    text: `select ${classJson('c')} as class
      from jsonb_to_recordset($1::jsonb) as k(title text, teacher text, weekday text, "startTime" text)
      join classes c on (c.title, c.teacher, c.weekday, c.start_time) = (k.title, k.teacher, k.weekday, k."startTime")`,
    values: [JSON.stringify(keys)],
  });
  return rows.map((row) => row.class);
}

export interface SharedRoomOrTeacher {
  /** The class that was asked about. */
  readonly id: string;
  readonly over: 'room' | 'teacher';
  readonly other: ClassView;
}

const sharing = (
  over: 'room' | 'teacher',
): string => `select n.class_id as id, '${over}' as over, ${classJson('c')} as other
  from classes n join classes c on booking_key(c.${over}) = booking_key(n.${over}) and c.weekday = n.weekday
    and c.status = 'open' and c.class_id <> n.class_id
    and c.start_time < n.end_time and n.start_time < c.end_time
    and c.first_day <= n.last_day and n.first_day <= c.last_day
  where n.class_id = any($1::uuid[]) and n.status = 'open'`;

/** Open classes at the hours of these, with their room or their teacher: each by its index. */
export async function findSharing(trx: Transaction, ids: readonly string[]): Promise<SharedRoomOrTeacher[]> {
  const { rows } = await trx.query<SharedRoomOrTeacher>({
    name: 'classes_sharing',
    text: `${sharing('room')} union all ${sharing('teacher')}`,
    values: [ids],
  });
  return rows;
}

export interface Search {
  readonly q?: string | undefined;
  readonly age?: number | undefined;
  readonly day?: Weekday | undefined;
  readonly after?: { readonly title: string; readonly id: string } | undefined;
  readonly limit: number;
}

/** Only the conditions that are asked for are in the text, so each combination has a plan of its own. */
export async function searchClasses(
  db: Queryable,
  { q, age, day, after, limit }: Search,
): Promise<{ id: string; title: string; text: string }[]> {
  const values: unknown[] = [limit];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const conditions: string[] = [];
  const parts = ['classes-search'];
  const add = (part: string, condition: string): void => {
    parts.push(part);
    conditions.push(condition);
  };
  if (q !== undefined) add('text', `c.search @@ search_query(${parameter(q)})`);
  if (age !== undefined) {
    const value = parameter(age);
    add('age', `c.age_min <= ${value} and c.age_max >= ${value}`);
  }
  if (day !== undefined) add('day', `c.weekday = ${parameter(day)}`);
  if (after !== undefined) {
    add('after', `(c.title, c.class_id) > (${parameter(after.title)}, ${parameter(after.id)}::uuid)`);
  }
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  const { rows } = await db.query<{ id: string; title: string; text: string }>({
    name: parts.join('-'),
    text: `select c.class_id as id, c.title, ${classJson('c')}::text as text
      from classes c ${where} order by c.title, c.class_id limit $1`,
    values,
  });
  return rows;
}
