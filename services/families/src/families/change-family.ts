import type { Database, Transaction } from '@homeroom/postgres';
import { isDeepStrictEqual } from 'node:util';
import { errors } from '../errors.ts';
import { familyEvent, type Decision, type Family } from './family.ts';
import { findFamily, lockFamily, saveFamily } from './store.ts';

/**
 * Changes a family in one transaction: lock, read, decide, write state and event. What `decide` leaves as it was is
 * neither written nor told.
 * @param wanted the versions that the caller is ready to change (If-Match); undefined: any.
 * @throws {Problem} `family_not_found`, `precondition_failed`, or what `decide` refuses with.
 */
export const changeFamily = (
  database: Database,
  familyId: string,
  decide: (family: Family) => Decision,
  wanted?: readonly number[],
): Promise<Family> => database.transaction((trx) => changeFamilyIn(trx, familyId, decide, wanted));

/** The same inside a transaction that does more. */
export async function changeFamilyIn(
  trx: Transaction,
  familyId: string,
  decide: (family: Family) => Decision,
  wanted?: readonly number[],
): Promise<Family> {
  await lockFamily(trx, familyId);
  const family = await findFamily(trx, familyId);
  if (family === undefined) throw errors.problem('family_not_found');
  if (wanted !== undefined && !wanted.includes(family.version)) throw errors.problem('precondition_failed');
  const decision = decide(family);
  if ('refused' in decision) throw errors.problem(decision.refused);
  if (isDeepStrictEqual(plain(decision.family), plain(family))) return family;
  const changed = { ...decision.family, version: family.version + 1 };
  await saveFamily(trx, changed, familyEvent('homeroom.family.changed.v1', changed));
  return changed;
}

/** Without the fields that are there but undefined. */
const plain = (family: Family): unknown => JSON.parse(JSON.stringify(family));
