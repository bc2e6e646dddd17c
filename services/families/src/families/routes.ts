import { accepted, versionTag, wantedVersions, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import { requireFamily } from './access.ts';
import { changeFamily, type Decide } from './change-family.ts';
import { changeDetails } from './family.ts';
import { registerFamily } from './register-family.ts';
import { changeOperation, readOperation, registerOperation } from './schemas.ts';
import { findFamily } from './store.ts';

type FamilyDeps = Omit<Parameters<typeof registerFamily>[0], 'db'> & { readonly database: Database };

export function familyRoutes(app: ZodFastify, { database, ...deps }: FamilyDeps): void {
  app.post('/api/families', { schema: registerOperation }, async (request, reply) => {
    const db = databaseOf(request, database);
    const given = { registration: request.body, address: request.ip };
    const outcome = await registerFamily(
      { ...deps, db },
      { ...given, idempotencyKey: request.headers['idempotency-key'] },
    );
    const registered = accepted(errors, outcome);
    return reply
      .code(201)
      .header('location', `/api/families/${registered.id}`)
      .header('etag', versionTag(registered.version))
      .send(registered);
  });

  app.get('/api/families/:familyId', { schema: readOperation }, async (request, reply) => {
    const { familyId } = request.params;
    const { freshness } = await requireFamily(request, familyId);
    const db = databaseOf(request, database);
    const found =
      (await db.read(freshness, (replica) => findFamily(replica, familyId))) ??
      // a new session may be ahead of the replica, which does not know its family yet
      (await findFamily(db, familyId));
    if (found === undefined) throw errors.problem('family_not_found');
    return reply.header('etag', versionTag(found.version)).send(found);
  });

  app.patch('/api/families/:familyId', { schema: changeOperation }, async (request, reply) => {
    const { familyId } = request.params;
    const session = await requireFamily(request, familyId);
    const versions = wantedVersions(request.headers['if-match']);
    const decide: Decide = (family) => changeDetails(family, request.body);
    const changed = accepted(
      errors,
      await changeFamily({ db: databaseOf(request, database) }, { familyId, versions, decide }),
    );
    await session.wrote();
    return reply.header('etag', versionTag(changed.version)).send(changed);
  });
}
