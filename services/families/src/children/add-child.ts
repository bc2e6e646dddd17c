import { type Database, once, type Transaction } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { changeFamilyIn } from '../families/change-family.ts';
import { addChild, type Child, type Family } from '../families/family.ts';

export type ChildOfFamily = Child & { readonly familyId: string; readonly familyVersion: number };

export function childIn(family: Family, childId: string): ChildOfFamily {
  const child = family.children.find(({ id }) => id === childId);
  if (child === undefined) throw new Error(`family ${family.id} has no child ${childId}`);
  return { ...child, familyId: family.id, familyVersion: family.version };
}

/** @throws {Problem} `family_not_found`, `child_exists`, `too_many_children`, `precondition_failed`, `idempotency_key_reused` */
export function addChildToFamily(
  database: Database,
  {
    familyId,
    child,
    accountId,
    idempotencyKey,
    wanted,
  }: {
    familyId: string;
    child: Omit<Child, 'id'>;
    accountId: string;
    idempotencyKey: string | undefined;
    wanted: readonly number[] | undefined;
  },
): Promise<ChildOfFamily> {
  const id = uuidv7();
  const add = async (trx: Transaction): Promise<ChildOfFamily> =>
    childIn(await changeFamilyIn(trx, familyId, (family) => addChild(family, { id, ...child }), wanted), id);
  const request = ['POST', `/api/families/${familyId}/children`, child] as const;
  const claim = { principal: accountId, key: idempotencyKey, request };
  return database.transaction((trx) => once(trx, claim, () => add(trx)));
}
