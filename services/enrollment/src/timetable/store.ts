import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import { classJson, columnNames, columnsOf, rowOf, seatsOf } from '../classes/columns.ts';
import type { ClassDetails, ClassView } from '../classes/schemas.ts';

/** Inserts classes; one whose natural key is taken is left out. @returns the ids of those inserted. */
export async function insertClasses(
  trx: CoopTransaction,
  classes: readonly (ClassDetails & { id: string })[],
): Promise<Set<string>> {
  const { rows } = await trx.query<{ id: string }>({
    name: 'classes_insert',
    text: `insert into classes (coop_id, class_id, version, ${columnNames})
      select $1, d.class_id, 1, ${columnsOf('d')} from jsonb_populate_recordset(null::classes, $2::jsonb) d
      on conflict (coop_id, title, teacher, weekday, start_time) do nothing
      returning class_id as id`,
    values: [trx.coopId, JSON.stringify(classes.map(rowOf))],
  });
  return new Set(rows.map(({ id }) => id));
}

export async function updateClass(trx: CoopTransaction, id: string, details: ClassDetails): Promise<ClassView> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'class_update',
    text: `update classes c set version = c.version + 1, (${columnNames}) = row(${columnsOf('d')})
      from jsonb_populate_record(null::classes, $2::jsonb) d
        join class_seats s on s.coop_id = $1 and s.class_id = d.class_id
      where c.coop_id = $1 and c.class_id = d.class_id returning ${classJson('c')} as class`,
    values: [trx.coopId, JSON.stringify(rowOf({ ...details, id }))],
  });
  const updated = rows[0]?.class;
  if (updated === undefined) throw new Error(`class ${id} disappeared while locked`);
  return updated;
}

/** Closes a class for good. The class must be locked. */
export async function cancelClassRow(
  trx: CoopTransaction,
  id: string,
  { at, reason }: { at: Date; reason: string },
): Promise<ClassView> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'class_cancel',
    text: `update classes c set version = c.version + 1, status = 'closed', canceled_at = $3, cancel_reason = $4
      from class_seats s where c.coop_id = $1 and c.class_id = $2 and s.coop_id = $1 and s.class_id = c.class_id
      returning ${classJson('c')} as class`,
    values: [trx.coopId, id, at, reason],
  });
  const canceled = rows[0]?.class;
  if (canceled === undefined) throw new Error(`class ${id} disappeared while locked`);
  return canceled;
}

/** Changes classes that are locked, in one statement. @returns them as they are now, by id. */
export async function updateClasses(
  trx: CoopTransaction,
  classes: readonly (ClassDetails & { id: string })[],
): Promise<Map<string, ClassView>> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'classes_update',
    text: `update classes c set version = c.version + 1, (${columnNames}) = row(${columnsOf('d')})
      from jsonb_populate_recordset(null::classes, $2::jsonb) d
        join class_seats s on s.coop_id = $1 and s.class_id = d.class_id
      where c.coop_id = $1 and c.class_id = d.class_id returning ${classJson('c')} as class`,
    values: [trx.coopId, JSON.stringify(classes.map(rowOf))],
  });
  return new Map(rows.map((row) => [row.class.id, row.class]));
}

/** Locks classes, in the order of their ids so that two imports do not block each other. @returns them by id. */
export async function lockClasses(trx: CoopTransaction, ids: readonly string[]): Promise<Map<string, ClassView>> {
  if (ids.length === 0) return new Map();
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'classes_lock',
    text: `select ${classJson('c')} as class from classes c ${seatsOf('c')}
      where c.coop_id = $1 and c.class_id = any($2::uuid[])
      order by c.class_id for no key update`,
    values: [trx.coopId, ids],
  });
  return new Map(rows.map((row) => [row.class.id, row.class]));
}

/** What makes two lines of a timetable the same class. */
export type NaturalKey = Pick<ClassDetails, 'title' | 'teacher' | 'weekday' | 'startTime'>;

/** Looks up each key in the index, whatever the plan was made for: an import makes a small table large while it runs. */
export async function readByNaturalKeys(db: CoopQueryable, keys: readonly NaturalKey[]): Promise<ClassView[]> {
  const { rows } = await db.query<{ class: ClassView }>({
    name: 'classes_by_natural_key',
    text: `select ${classJson('c')} as class
      from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as k(title, teacher, weekday, start_time)
      cross join lateral (
        select * from classes one
        where one.coop_id = $1
          and (one.title, one.teacher, one.weekday, one.start_time) = (k.title, k.teacher, k.weekday, k.start_time)
        limit 1
      ) c
      ${seatsOf('c')}`,
    values: [
      db.coopId,
      keys.map(({ title }) => title),
      keys.map(({ teacher }) => teacher),
      keys.map(({ weekday }) => weekday),
      keys.map(({ startTime }) => startTime),
    ],
  });
  return rows.map((row) => row.class);
}

export interface SharedRoomOrTeacher {
  /** One of the given classes. */
  readonly id: string;
  readonly over: 'room' | 'teacher';
  readonly other: ClassView;
}

const sharing = (
  over: 'room' | 'teacher',
): string => `select n.class_id as id, '${over}' as over, ${classJson('c')} as other
  from classes n join classes c on c.coop_id = n.coop_id and booking_key(c.${over}) = booking_key(n.${over})
    and c.weekday = n.weekday and c.status = 'open' and c.class_id <> n.class_id
    and c.start_time < n.end_time and n.start_time < c.end_time
    and c.first_day <= n.last_day and n.first_day <= c.last_day
  ${seatsOf('c')}
  where n.coop_id = $1 and n.class_id = any($2::uuid[]) and n.status = 'open'`;

/** Open classes that overlap with these and share a room or a teacher with them; one index scan each. */
export async function findSharing(trx: CoopTransaction, ids: readonly string[]): Promise<SharedRoomOrTeacher[]> {
  const { rows } = await trx.query<SharedRoomOrTeacher>({
    name: 'classes_sharing',
    text: `${sharing('room')} union all ${sharing('teacher')}`,
    values: [trx.coopId, ids],
  });
  return rows;
}
