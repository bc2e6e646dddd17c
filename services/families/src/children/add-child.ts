import { transact, type CoopDatabase } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { applyChange, type FamilyChange } from '../families/change-family.ts';
import { addChild, type FamilyRefused } from '../families/family.ts';
import type { NewChild } from '../families/schemas.ts';
import { childIn } from './child-of-family.ts';
import type { ChildOfFamily } from './schemas.ts';

interface AddRequest extends Omit<FamilyChange, 'decide'> {
  readonly child: NewChild;
  /** The account that asks: its keys are its own. */
  readonly accountId: string;
  readonly idempotencyKey: string | undefined;
}

/** @throws {IdempotencyMismatchError} when the key came with another request. */
export function addChildToFamily(
  { db }: { db: CoopDatabase },
  { familyId, versions, child, accountId, idempotencyKey }: AddRequest,
): Promise<ChildOfFamily | FamilyRefused> {
  const id = uuidv7();
  const request = ['POST', `/api/families/${familyId}/children`, child] as const;
  return transact(
    db,
    async (trx) =>
      childIn(
        await applyChange(trx, { familyId, versions, decide: (family) => addChild(family, { id, ...child }) }),
        id,
      ),
    { claim: { principal: accountId, key: idempotencyKey, request } },
  );
}
