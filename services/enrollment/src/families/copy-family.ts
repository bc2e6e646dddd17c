import type { FamilySnapshot } from '@homeroom/contracts';
import { receiveOnce } from '@homeroom/outbox';
import type { Database, Transaction } from '@homeroom/postgres';

/** Keeps this service's copy of a family: once per event, and never an older state over a newer one. */
export async function copyFamily(
  db: Database,
  { eventId, family }: { eventId: string; family: FamilySnapshot },
): Promise<void> {
  await db.transaction(async (trx) => {
    if (await receiveOnce(trx, { consumer: 'enrollment', eventId })) await saveFamily(trx, family);
  });
}

/** A child's version moves only when the child has changed: decisions about the others stay valid. */
async function saveFamily(trx: Transaction, { familyId, version, name, guardians, children }: FamilySnapshot) {
  await trx.query({
    name: 'family-save',
    text: `with given as (
        select * from jsonb_to_recordset($5::jsonb) as g("childId" uuid, name text, "birthDate" date)
      ), newer as (
        insert into families (family_id, version, name, guardians) values ($1, $2, $3, $4)
        on conflict (family_id) do update
          set version = excluded.version, name = excluded.name, guardians = excluded.guardians
          where families.version < excluded.version
        returning version
      ), kept as (
        insert into children (child_id, family_id, version, name, birth_date)
        select "childId", $1, newer.version, name, "birthDate" from given, newer
        on conflict (child_id) do update
          set version = excluded.version, name = excluded.name, birth_date = excluded.birth_date, removed = false
          where (children.name, children.birth_date, children.removed)
            is distinct from (excluded.name, excluded.birth_date, false)
      )
      update children set removed = true, version = newer.version from newer
      where family_id = $1 and not removed and child_id not in (select "childId" from given)`,
    values: [familyId, version, name, JSON.stringify(guardians), JSON.stringify(children)],
  });
}
