import type { DomainEvent, FamilySnapshot } from '@homeroom/contracts';
import type { Transaction } from '@homeroom/postgres';

/** SQL: whether the address of a contact is verified, so that mails with names in them may go to it. */
export const isVerified = (contact: string): string =>
  `${contact}.unverified_version is distinct from ${contact}.version`;

/**
 * Copies a family, unless a newer copy is here, and releases the mails that waited for an address, or for its verification.
 * An event without `emailVerified` is from before addresses were verified, and counts as verified.
 */
export async function upsertContact(trx: Transaction, family: FamilySnapshot): Promise<void> {
  const { familyId, version, name } = family;
  const [guardian] = family.guardians;
  const unverifiedVersion = guardian?.emailVerified === false ? version : null;
  await trx.query({
    name: 'upsert_contact',
    text: `insert into contacts (family_id, version, family_name, guardian_name, email, guardian_id, unverified_version)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (family_id) do update set version = $2, family_name = $3, guardian_name = $4, email = $5,
        guardian_id = $6, unverified_version = $7
      where contacts.version < $2`,
    values: [familyId, version, name, guardian?.name, guardian?.email, guardian?.guardianId, unverifiedVersion],
  });
  await trx.query({
    name: 'release_waiting',
    text: `update deliveries d set status = 'due', due_at = now() from contacts c
      where d.family_id = $1 and d.status = 'waiting' and c.family_id = $1 and ${isVerified('c')}`,
    values: [familyId],
  });
}

export type CoordinatorSaved = DomainEvent<'homeroom.account.coordinator-saved.v1'>;

/** Copies a coordinator's name and address, unless a newer copy is here: a dead letter may be replayed late. */
export async function upsertCoordinator(trx: Transaction, { data, time }: CoordinatorSaved): Promise<void> {
  await trx.query({
    name: 'upsert_coordinator',
    text: `insert into coordinators as c (account_id, name, email, saved_at) values ($1, $2, $3, $4)
      on conflict (account_id) do update set name = $2, email = $3, saved_at = $4 where c.saved_at < $4`,
    values: [data.accountId, data.name, data.email, time],
  });
}
