import { transact, type Database } from '@homeroom/postgres';
import { applyChange } from '../families/apply-change.ts';
import { removeChild, type Family, type FamilyRefused } from '../families/family.ts';

export const removeChildOfFamily = (
  { database }: { database: Database },
  { familyId, childId, wanted }: { familyId: string; childId: string; wanted: readonly number[] | undefined },
): Promise<Family | FamilyRefused> =>
  transact(database, (trx) => applyChange(trx, familyId, (family) => removeChild(family, childId), wanted));
