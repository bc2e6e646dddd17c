import type { FamilySnapshot } from '@homeroom/contracts';
import type { Transaction } from '@homeroom/postgres';

/** Copies a family, unless a newer copy is here, and lets go the mails that waited for its address. */
export async function keepContact(trx: Transaction, family: FamilySnapshot): Promise<void> {
  const { familyId, version, name, guardians } = family;
  const [guardian] = guardians;
  await trx.query({
    name: 'keep_contact',
    text: `insert into contacts (family_id, version, family_name, guardian_name, email) values ($1, $2, $3, $4, $5)
      on conflict (family_id) do update set version = $2, family_name = $3, guardian_name = $4, email = $5
      where contacts.version < $2`,
    values: [familyId, version, name, guardian?.name, guardian?.email],
  });
  await trx.query({
    name: 'release_waiting',
    text: `update deliveries set status = 'due', due_at = now() where family_id = $1 and status = 'waiting'`,
    values: [familyId],
  });
}
