import { idempotencyHeaders, ifMatchHeaders, type ZodFastify, versionTag, wantedVersions } from '@homeroom/chassis';
import { z } from 'zod';
import type { Deps } from '../app.ts';
import { requireFamily } from '../families/access.ts';
import { changeFamily } from '../families/change-family.ts';
import { changeChild, removeChild } from '../families/family.ts';
import { familyParams } from '../families/schemas.ts';
import { addChildToFamily, childIn } from './add-child.ts';
import { childOfFamily, childParams, childPatch, newChild } from './schemas.ts';

const tags = ['children'];

export function childRoutes(app: ZodFastify, { database }: Deps): void {
  app.post(
    '/api/families/:familyId/children',
    {
      schema: {
        tags,
        summary: 'Add a child',
        params: familyParams,
        headers: idempotencyHeaders.extend(ifMatchHeaders.shape),
        body: newChild,
        response: { 201: childOfFamily },
        sends: ['etag'],
        problems: ['unauthenticated', 'family_not_found', 'child_exists', 'too_many_children'],
      },
    },
    async (request, reply) => {
      const { familyId } = request.params;
      const session = await requireFamily(request, familyId);
      const added = await addChildToFamily(database, {
        familyId,
        child: request.body,
        accountId: session.principal.accountId,
        idempotencyKey: request.headers['idempotency-key'],
        wanted: wantedVersions(request.headers['if-match']),
      });
      await session.wrote();
      return reply.code(201).header('etag', versionTag(added.familyVersion)).send(added);
    },
  );

  app.patch(
    '/api/families/:familyId/children/:childId',
    {
      schema: {
        tags,
        summary: 'Change a child',
        params: childParams,
        headers: ifMatchHeaders,
        body: childPatch,
        response: { 200: childOfFamily },
        sends: ['etag'],
        problems: ['unauthenticated', 'family_not_found', 'child_not_found', 'child_exists'],
      },
    },
    async (request, reply) => {
      const { familyId, childId } = request.params;
      const session = await requireFamily(request, familyId);
      const wanted = wantedVersions(request.headers['if-match']);
      const family = await changeFamily(database, familyId, (f) => changeChild(f, childId, request.body), wanted);
      await session.wrote();
      return reply.header('etag', versionTag(family.version)).send(childIn(family, childId));
    },
  );

  app.delete(
    '/api/families/:familyId/children/:childId',
    {
      schema: {
        tags,
        summary: 'Remove a child',
        params: childParams,
        headers: ifMatchHeaders,
        response: { 204: z.null().describe('Removed') },
        sends: ['etag'],
        problems: ['unauthenticated', 'family_not_found', 'child_not_found'],
      },
    },
    async (request, reply) => {
      const { familyId, childId } = request.params;
      const session = await requireFamily(request, familyId);
      const wanted = wantedVersions(request.headers['if-match']);
      const family = await changeFamily(database, familyId, (f) => removeChild(f, childId), wanted);
      await session.wrote();
      return reply.code(204).header('etag', versionTag(family.version)).send(null);
    },
  );
}
