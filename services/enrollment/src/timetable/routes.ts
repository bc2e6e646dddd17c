import type { Cache } from '@homeroom/cache';
import { versionTag, wantedVersions, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { unlessRefused } from '../outcome.ts';
import type { Terms } from '../seats/terms.ts';
import { changeClass } from './change-class.ts';
import { createClass } from './create-class.ts';
import { importClasses } from './import-classes.ts';
import { changeOperation, createOperation, importOperation } from './schemas.ts';

export interface TimetableDeps {
  readonly db: Database;
  readonly classes: Cache;
  readonly terms: Terms;
  /** Of classes that name none. */
  readonly timeZone: string;
}

export function timetableRoutes(app: ZodFastify, deps: TimetableDeps): void {
  app.post('/api/classes', { schema: createOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const created = unlessRefused(
      await createClass(deps, {
        given: request.body,
        accountId: session.principal.accountId,
        idempotencyKey: request.headers['idempotency-key'],
      }),
    );
    await session.wrote();
    reply.code(201).header('location', `/api/classes/${created.id}`).header('etag', versionTag(created.version));
    return reply.send(created);
  });

  app.patch('/api/classes/:classId', { schema: changeOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const { classId } = request.params;
    const versions = wantedVersions(request.headers['if-match']);
    const changed = unlessRefused(await changeClass(deps, { classId, patch: request.body, versions }));
    await Promise.all([session.wrote(), deps.classes.invalidate(classId)]);
    return reply.header('etag', versionTag(changed.version)).send(changed);
  });

  void app.register(async (scope: ZodFastify) => importRoute(scope, deps));
}

const importLimitBytes = 2 * 1024 * 1024;

/** In a scope of its own: no other route takes text/csv. */
function importRoute(scope: ZodFastify, { db, classes, timeZone }: TimetableDeps): void {
  scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: importLimitBytes }, (_request, body, done) =>
    done(null, body),
  );
  const options = { bodyLimit: importLimitBytes, schema: importOperation };
  scope.post('/api/classes/import', options, async (request) => {
    const session = await requireCoordinator(request);
    const { body, query } = request;
    if (!Buffer.isBuffer(body)) throw errors.problem('unsupported_media_type', 'Send text/csv.');
    const outcome = await importClasses({ db }, { bytes: body, timeZone, preview: query.preview });
    const { report, changed } = unlessRefused(outcome);
    if (!query.preview) await Promise.all([session.wrote(), ...changed.map((id) => classes.invalidate(id))]);
    return report;
  });
}
