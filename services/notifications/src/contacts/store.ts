import type { DomainEvent, FamilySnapshot } from '@homeroom/contracts';
import type { CoopTransaction } from '@homeroom/postgres';

/** SQL: whether the address of a contact is verified, so that mails with names in them may go to it. */
export const isVerified = (contact: string): string =>
  `${contact}.unverified_version is distinct from ${contact}.version`;

/**
 * Copies a family, unless a newer copy is here, and releases the mails that waited for an address, or for its verification.
 * An event without `emailVerified` is from before addresses were verified, and counts as verified.
 */
export async function upsertContact(trx: CoopTransaction, family: FamilySnapshot): Promise<void> {
  const { familyId, version, name } = family;
  const [guardian] = family.guardians;
  const unverifiedVersion = guardian?.emailVerified === false ? version : null;
  await trx.query({
    name: 'upsert_contact',
    text: `insert into contacts
        (coop_id, family_id, version, family_name, guardian_name, email, guardian_id, unverified_version)
      values ($1, $2, $3, $4, $5, $6, $7, $8)
      on conflict (coop_id, family_id) do update set version = $3, family_name = $4, guardian_name = $5, email = $6,
        guardian_id = $7, unverified_version = $8
      where contacts.version < $3`,
    values: [
      trx.coopId,
      familyId,
      version,
      name,
      guardian?.name,
      guardian?.email,
      guardian?.guardianId,
      unverifiedVersion,
    ],
  });
  await trx.query({
    name: 'release_waiting',
    text: `update deliveries d set status = 'due', due_at = now() from contacts c
      where d.coop_id = $1 and d.family_id = $2 and d.status = 'waiting'
        and c.coop_id = $1 and c.family_id = $2 and ${isVerified('c')}`,
    values: [trx.coopId, familyId],
  });
}

export type CoordinatorSaved = DomainEvent<'homeroom.account.coordinator-saved.v1'>;

/** Copies a coordinator's name and address, unless a newer copy is here: a dead letter may be replayed late. */
export async function upsertCoordinator(trx: CoopTransaction, { data, time }: CoordinatorSaved): Promise<void> {
  await trx.query({
    name: 'upsert_coordinator',
    text: `insert into coordinators as c (coop_id, account_id, name, email, saved_at) values ($1, $2, $3, $4, $5)
      on conflict (coop_id, account_id) do update set name = $3, email = $4, saved_at = $5 where c.saved_at < $5`,
    values: [trx.coopId, data.accountId, data.name, data.email, time],
  });
}
