import type { ClassSnapshot } from '@homeroom/contracts';
import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import { classEntry, hasMeeting, type Entry, type EntryStatus } from './calendar.ts';
import type { Format } from '../wording/format.ts';
import { calendarZone } from './time-zone.ts';

/** Copies a class, unless this version or a newer one is here. Looks before it writes: many enrollments share a class. */
export async function upsertClass(trx: CoopTransaction, course: ClassSnapshot): Promise<void> {
  await trx.query({
    name: 'upsert_class',
    text: `insert into classes (coop_id, class_id, version, snapshot) select $1::uuid, $2::uuid, $3::int, $4::jsonb
      where not exists (select from classes where coop_id = $1 and class_id = $2 and version >= $3)
      on conflict (coop_id, class_id) do update set version = $3, snapshot = $4 where classes.version < $3`,
    values: [trx.coopId, course.classId, course.version, JSON.stringify(course)],
  });
}

export interface NewEntry {
  readonly uid: string;
  readonly familyId: string;
  readonly version: number;
  readonly status: EntryStatus;
  readonly classId?: string;
  readonly childName?: string;
  readonly orientation?: Entry;
}

export type Standing = Pick<NewEntry, 'version' | 'status'>;

/** Writes a calendar entry, unless this version or a newer one of it is here. @returns its state before. */
export async function upsertEntry(trx: CoopTransaction, entry: NewEntry): Promise<Standing | undefined> {
  const { uid, familyId, version, status, classId, childName, orientation } = entry;
  const { rows } = await trx.query<Standing>({
    name: 'upsert_entry',
    text: `with upserted as (
        insert into calendar_entries as e
          (coop_id, uid, family_id, version, status, class_id, child_name, orientation, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, now())
        on conflict (coop_id, uid) do update
          set version = $4, status = $5, class_id = $6, child_name = $7, updated_at = now()
        where e.version < $4
      )
      select version, status from calendar_entries where coop_id = $1 and uid = $2`,
    values: [
      trx.coopId,
      uid,
      familyId,
      version,
      status,
      classId,
      childName,
      orientation && JSON.stringify(orientation),
    ],
  });
  return rows[0];
}

export async function findStanding(trx: CoopTransaction, uid: string): Promise<Standing | undefined> {
  const { rows } = await trx.query<Standing>({
    name: 'find_standing',
    text: `select version, status from calendar_entries where coop_id = $1 and uid = $2`,
    values: [trx.coopId, uid],
  });
  return rows[0];
}

export interface ShownEntry {
  readonly entry: Entry;
  readonly updatedAt: Date;
}

interface EntryRow extends Standing {
  readonly uid: string;
  readonly childName: string | null;
  readonly orientation: Entry | null;
  readonly snapshot: ClassSnapshot | null;
  readonly updatedAt: Date;
}

/** Called for an entry whose stored time zone no calendar can show: it is left out, and the rest is shown. */
export type OnUnusable = (uid: string, error: RangeError) => void;

/** Everything that a family's calendar shows now, in a stable order. */
export async function shownEntries(
  db: CoopQueryable,
  familyId: string,
  { format, onUnusable }: { format: Format; onUnusable?: OnUnusable },
): Promise<ShownEntry[]> {
  const { rows } = await db.query<EntryRow>({
    name: 'shown_entries',
    text: `select e.uid, e.version, e.status, e.child_name as "childName", e.orientation, c.snapshot, e.updated_at as "updatedAt"
      from calendar_entries e left join classes c using (coop_id, class_id)
      where e.coop_id = $1 and e.family_id = $2 and e.status <> 'cancelled' order by e.uid`,
    values: [db.coopId, familyId],
  });
  return rows.flatMap((row) => {
    try {
      const entry = entryOf(row, format);
      return entry === undefined ? [] : [{ entry, updatedAt: row.updatedAt }];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      onUnusable?.(row.uid, error);
      return [];
    }
  });
}

function entryOf(row: EntryRow, format: Format): Entry | undefined {
  const { uid, version, status, childName, orientation, snapshot } = row;
  if (orientation !== null) return { ...orientation, timeZone: calendarZone(orientation.timeZone) };
  if (snapshot === null || childName === null || !hasMeeting(snapshot)) return undefined;
  return classEntry({ uid, sequence: version, status, childName }, snapshot, format);
}

/** A token opens nothing in another co-op. */
export async function findCalendar(
  db: CoopQueryable,
  token: string,
): Promise<{ familyId: string; familyName: string } | undefined> {
  const { rows } = await db.query<{ familyId: string; familyName: string }>({
    name: 'find_calendar',
    text: `select p.family_id as "familyId", coalesce(c.family_name, '') as "familyName"
      from preferences p left join contacts c using (coop_id, family_id)
      where p.coop_id = $1 and p.calendar_token = $2`,
    values: [db.coopId, token],
  });
  return rows[0];
}
