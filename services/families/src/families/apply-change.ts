import { isRefused, refused } from '@homeroom/chassis';
import type { Transaction } from '@homeroom/postgres';
import { isDeepStrictEqual } from 'node:util';
import { familyEvent, type Decision, type Family, type FamilyRefused } from './family.ts';
import { findFamily, lockFamily, saveFamily } from './store.ts';

/**
 * Changes a family: lock, read, decide, write state and event. What `decide` leaves as it was is neither written nor
 * published.
 * @param wanted the versions that the caller is ready to change (If-Match); undefined: any.
 */
export async function applyChange(
  trx: Transaction,
  familyId: string,
  decide: (family: Family) => Decision,
  wanted?: readonly number[],
): Promise<Family | FamilyRefused> {
  await lockFamily(trx, familyId);
  const family = await findFamily(trx, familyId);
  if (family === undefined) return refused('family_not_found');
  if (wanted !== undefined && !wanted.includes(family.version)) return refused('precondition_failed');
  const decision = decide(family);
  if (isRefused(decision)) return decision;
  if (isDeepStrictEqual(plain(decision), plain(family))) return family;
  const changed = { ...decision, version: family.version + 1 };
  await saveFamily(trx, changed, familyEvent('homeroom.family.changed.v1', changed));
  return changed;
}

/** Without the fields that are present but undefined. */
const plain = (family: Family): unknown => JSON.parse(JSON.stringify(family));
