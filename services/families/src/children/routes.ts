import {
  accepted,
  idempotencyHeaders,
  ifMatchHeaders,
  type ZodFastify,
  versionTag,
  wantedVersions,
} from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { requireFamily } from '../families/access.ts';
import { familyParams, newChild } from '../families/schemas.ts';
import { addChildToFamily } from './add-child.ts';
import { changeChildOfFamily } from './change-child.ts';
import { removeChildOfFamily } from './remove-child.ts';
import { childOfFamily, childParams, childPatch } from './schemas.ts';

interface Deps {
  readonly database: Database;
}

const tags = ['children'];

export function childRoutes(app: ZodFastify, deps: Deps): void {
  addRoute(app, deps);
  changeRoutes(app, deps);
}

function addRoute(app: ZodFastify, deps: Deps): void {
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
      const outcome = await addChildToFamily(deps, {
        familyId,
        child: request.body,
        accountId: session.principal.accountId,
        idempotencyKey: request.headers['idempotency-key'],
        wanted: wantedVersions(request.headers['if-match']),
      });
      const added = accepted(errors, outcome);
      await session.wrote();
      return reply.code(201).header('etag', versionTag(added.familyVersion)).send(added);
    },
  );
}

function changeRoutes(app: ZodFastify, deps: Deps): void {
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
      const session = await requireFamily(request, request.params.familyId);
      const wanted = wantedVersions(request.headers['if-match']);
      const outcome = await changeChildOfFamily(deps, { ...request.params, patch: request.body, wanted });
      const changed = accepted(errors, outcome);
      await session.wrote();
      return reply.header('etag', versionTag(changed.familyVersion)).send(changed);
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
      const session = await requireFamily(request, request.params.familyId);
      const wanted = wantedVersions(request.headers['if-match']);
      const family = accepted(errors, await removeChildOfFamily(deps, { ...request.params, wanted }));
      await session.wrote();
      return reply.code(204).header('etag', versionTag(family.version)).send(null);
    },
  );
}
