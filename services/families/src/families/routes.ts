import {
  accepted,
  idempotencyHeaders,
  ifMatchHeaders,
  type ZodFastify,
  versionTag,
  wantedVersions,
} from '@homeroom/chassis';
import { errors } from '../errors.ts';
import { requireFamily } from './access.ts';
import { changeFamily } from './change-family.ts';
import { registerFamily, type RegisterFamilyDeps } from './register-family.ts';
import { family, familyParams, familyPatch, registration } from './schemas.ts';
import { findFamily } from './store.ts';

const tags = ['families'];

export function familyRoutes(app: ZodFastify, deps: RegisterFamilyDeps): void {
  registrationRoute(app, deps);
  readAndChangeRoutes(app, deps);
}

function registrationRoute(app: ZodFastify, deps: RegisterFamilyDeps): void {
  app.post(
    '/api/families',
    {
      schema: {
        tags,
        summary: 'Register a family',
        headers: idempotencyHeaders,
        body: registration,
        response: { 201: family },
        sends: ['etag', 'location'],
        problems: ['email_taken', 'child_exists', 'passwords_busy'],
      },
    },
    async (request, reply) => {
      const outcome = await registerFamily(deps, {
        registration: request.body,
        address: request.ip,
        idempotencyKey: request.headers['idempotency-key'],
      });
      const registered = accepted(errors, outcome);
      return reply
        .code(201)
        .header('location', `/api/families/${registered.id}`)
        .header('etag', versionTag(registered.version))
        .send(registered);
    },
  );
}

function readAndChangeRoutes(app: ZodFastify, { database }: Pick<RegisterFamilyDeps, 'database'>): void {
  app.get(
    '/api/families/:familyId',
    {
      schema: {
        tags,
        summary: 'Read a family',
        params: familyParams,
        response: { 200: family },
        problems: ['unauthenticated', 'family_not_found'],
      },
    },
    async (request, reply) => {
      const { familyId } = request.params;
      const { freshness } = await requireFamily(request, familyId);
      const found =
        (await database.read(freshness, (db) => findFamily(db, familyId))) ??
        // a new session may be ahead of the replica, which does not know its family yet
        (await findFamily(database, familyId));
      if (found === undefined) throw errors.problem('family_not_found');
      return reply.header('etag', versionTag(found.version)).send(found);
    },
  );

  app.patch(
    '/api/families/:familyId',
    {
      schema: {
        tags,
        summary: 'Change a family’s name, address, or guardians',
        params: familyParams,
        headers: ifMatchHeaders,
        body: familyPatch,
        response: { 200: family },
        sends: ['etag'],
        problems: ['unauthenticated', 'family_not_found', 'guardian_not_found'],
      },
    },
    async (request, reply) => {
      const { familyId } = request.params;
      const session = await requireFamily(request, familyId);
      const wanted = wantedVersions(request.headers['if-match']);
      const outcome = await changeFamily({ database }, { familyId, patch: request.body, wanted });
      const changed = accepted(errors, outcome);
      await session.wrote();
      return reply.header('etag', versionTag(changed.version)).send(changed);
    },
  );
}
