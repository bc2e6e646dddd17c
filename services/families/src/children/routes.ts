import { accepted, versionTag, wantedVersions, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import { requireFamily } from '../families/access.ts';
import { changeFamily, type Decide } from '../families/change-family.ts';
import { changeChild, removeChild } from '../families/family.ts';
import { addChildToFamily } from './add-child.ts';
import { childIn } from './child-of-family.ts';
import { addOperation, changeOperation, removeOperation } from './schemas.ts';

export function childRoutes(app: ZodFastify, { database }: { database: Database }): void {
  app.post('/api/families/:familyId/children', { schema: addOperation }, async (request, reply) => {
    const { familyId } = request.params;
    const session = await requireFamily(request, familyId);
    const outcome = await addChildToFamily(
      { db: databaseOf(request, database) },
      {
        familyId,
        child: request.body,
        accountId: session.principal.accountId,
        idempotencyKey: request.headers['idempotency-key'],
        versions: wantedVersions(request.headers['if-match']),
      },
    );
    const added = accepted(errors, outcome);
    await session.wrote();
    return reply.code(201).header('etag', versionTag(added.familyVersion)).send(added);
  });

  app.patch('/api/families/:familyId/children/:childId', { schema: changeOperation }, async (request, reply) => {
    const { familyId, childId } = request.params;
    const session = await requireFamily(request, familyId);
    const versions = wantedVersions(request.headers['if-match']);
    const decide: Decide = (family) => changeChild(family, childId, request.body);
    const outcome = await changeFamily({ db: databaseOf(request, database) }, { familyId, versions, decide });
    const changed = accepted(errors, childIn(outcome, childId));
    await session.wrote();
    return reply.header('etag', versionTag(changed.familyVersion)).send(changed);
  });

  app.delete('/api/families/:familyId/children/:childId', { schema: removeOperation }, async (request, reply) => {
    const { familyId, childId } = request.params;
    const session = await requireFamily(request, familyId);
    const versions = wantedVersions(request.headers['if-match']);
    const decide: Decide = (family) => removeChild(family, childId);
    const family = accepted(
      errors,
      await changeFamily({ db: databaseOf(request, database) }, { familyId, versions, decide }),
    );
    await session.wrote();
    return reply.code(204).header('etag', versionTag(family.version)).send(null);
  });
}
