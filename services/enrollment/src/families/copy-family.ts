import type { FamilySnapshot } from '@homeroom/contracts';
import { receiveOnce } from '@homeroom/outbox';
import type { CoopDatabase, CoopTransaction } from '@homeroom/postgres';
import { flagEnrollments } from '../enrollments/flag-enrollments.ts';

/** Updates this service's copy of a family: once per event, and never with an older state. */
export async function copyFamily(
  { db }: { db: CoopDatabase },
  { eventId, family }: { eventId: string; family: FamilySnapshot },
): Promise<void> {
  await db.transaction(async (trx) => {
    if (!(await receiveOnce(trx, { consumer: 'enrollment', eventId }))) return;
    if (await saveFamily(trx, family)) await flagEnrollments(trx, family.familyId, new Date());
  });
}

/**
 * A child's version changes only when the child has changed: decisions about the others stay valid.
 * @returns whether a known child has changed or left.
 */
async function saveFamily(
  trx: CoopTransaction,
  { familyId, version, name, guardians, children }: FamilySnapshot,
): Promise<boolean> {
  const { rows } = await trx.query<{ changed: boolean }>({
    name: 'family_save',
    text: `with given as (
        select * from jsonb_to_recordset($6::jsonb) as g("childId" uuid, name text, "birthDate" date)
      ), newer as (
        insert into families (coop_id, family_id, version, name, guardians) values ($1, $2, $3, $4, $5)
        on conflict (coop_id, family_id) do update
          set version = excluded.version, name = excluded.name, guardians = excluded.guardians
          where families.version < excluded.version
        returning version
      ), upserted as (
        insert into children (coop_id, child_id, family_id, version, name, birth_date)
        select $1, "childId", $2, newer.version, name, "birthDate" from given, newer
        on conflict (coop_id, child_id) do update
          set version = excluded.version, name = excluded.name, birth_date = excluded.birth_date, removed = false
          where (children.name, children.birth_date, children.removed)
            is distinct from (excluded.name, excluded.birth_date, false)
        returning xmax <> 0 as was_known
      ), removals as (
        update children set removed = true, version = newer.version from newer
        where coop_id = $1 and family_id = $2 and not removed and child_id not in (select "childId" from given)
        returning child_id
      )
      select exists (select from upserted where was_known) or exists (select from removals) as changed`,
    values: [trx.coopId, familyId, version, name, JSON.stringify(guardians), JSON.stringify(children)],
  });
  return rows[0]?.changed === true;
}
