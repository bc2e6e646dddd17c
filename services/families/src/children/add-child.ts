import { transact, type Database } from '@homeroom/postgres';
import { v7 as uuidv7 } from 'uuid';
import { applyChange } from '../families/apply-change.ts';
import { addChild, type Child, type FamilyRefused } from '../families/family.ts';
import { childIn, type ChildOfFamily } from './child-of-family.ts';

/** @throws {Problem} `idempotency_key_reused` */
export function addChildToFamily(
  { database }: { database: Database },
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
): Promise<ChildOfFamily | FamilyRefused> {
  const id = uuidv7();
  return transact(
    database,
    async (trx) =>
      childIn(await applyChange(trx, familyId, (family) => addChild(family, { id, ...child }), wanted), id),
    {
      claim: {
        principal: accountId,
        key: idempotencyKey,
        request: ['POST', `/api/families/${familyId}/children`, child],
      },
    },
  );
}
