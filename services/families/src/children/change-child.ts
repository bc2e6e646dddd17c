import { transact, type Database } from '@homeroom/postgres';
import { applyChange } from '../families/apply-change.ts';
import { changeChild, type Child, type FamilyRefused } from '../families/family.ts';
import { childIn, type ChildOfFamily } from './child-of-family.ts';

export const changeChildOfFamily = (
  { database }: { database: Database },
  {
    familyId,
    childId,
    patch,
    wanted,
  }: {
    familyId: string;
    childId: string;
    patch: { [Field in 'name' | 'birthDate']?: Child[Field] | undefined };
    wanted: readonly number[] | undefined;
  },
): Promise<ChildOfFamily | FamilyRefused> =>
  transact(database, async (trx) =>
    childIn(await applyChange(trx, familyId, (family) => changeChild(family, childId, patch), wanted), childId),
  );
