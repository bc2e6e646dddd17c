import { transact, type Database } from '@homeroom/postgres';
import { applyChange } from './apply-change.ts';
import { changeDetails, type Family, type FamilyPatch, type FamilyRefused } from './family.ts';

/** Changes a family's name, address, or guardians. @param input wanted: the versions of If-Match; undefined: any. */
export const changeFamily = (
  { database }: { database: Database },
  { familyId, patch, wanted }: { familyId: string; patch: FamilyPatch; wanted: readonly number[] | undefined },
): Promise<Family | FamilyRefused> =>
  transact(database, (trx) => applyChange(trx, familyId, (family) => changeDetails(family, patch), wanted));
