import { isRefused, refused } from '@homeroom/chassis';
import { transact, type CoopDatabase, type CoopTransaction } from '@homeroom/postgres';
import { isDeepStrictEqual } from 'node:util';
import { familyEvent, type Decision, type FamilyRefused } from './family.ts';
import type { Family } from './schemas.ts';
import { findFamily, lockFamily, saveFamily } from './store.ts';

/** A rule of family.ts, with what it is asked. */
export type Decide = (family: Family) => Decision;

export interface FamilyChange {
  readonly familyId: string;
  readonly decide: Decide;
  /** The versions that may be changed (If-Match); undefined: any. */
  readonly versions?: readonly number[] | undefined;
}

export const changeFamily = ({ db }: { db: CoopDatabase }, change: FamilyChange): Promise<Family | FamilyRefused> =>
  transact(db, (trx) => applyChange(trx, change));

/**
 * Changes a family within a transaction: lock, read, decide, write state and event. What `decide` leaves as it was is neither
 * written nor published.
 */
export async function applyChange(
  trx: CoopTransaction,
  { familyId, decide, versions }: FamilyChange,
): Promise<Family | FamilyRefused> {
  await lockFamily(trx, familyId);
  const family = await findFamily(trx, familyId);
  if (family === undefined) return refused('family_not_found');
  if (versions?.includes(family.version) === false) return refused('precondition_failed');
  const decision = decide(family);
  if (isRefused(decision)) return decision;
  if (isDeepStrictEqual(plain(decision), plain(family))) return family;
  const changed = { ...decision, version: family.version + 1 };
  await saveFamily(trx, changed, familyEvent('homeroom.family.changed.v1', changed));
  return changed;
}

/** Without the fields that are present but undefined. */
const plain = (family: Family): unknown => JSON.parse(JSON.stringify(family));
