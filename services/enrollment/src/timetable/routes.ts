import type { Cache } from '@homeroom/cache';
import { accepted, versionTag, wantedVersions, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import { acceptCsv, csvIn, findJob, submitImport, unsealed } from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { classKey } from '../classes/open-class-cache.ts';
import { errors } from '../errors.ts';
import type { Terms } from '../seats/terms.ts';
import { cancelClass } from './cancel-class.ts';
import { cancelOperation } from './cancel-schemas.ts';
import { changeClass } from './change-class.ts';
import { createClass } from './create-class.ts';
import { changeOperation, createOperation, importClassesOperations, type TimetableReport } from './schemas.ts';

interface TimetableDeps {
  readonly db: Database;
  readonly classes: Cache;
  readonly terms: Terms;
  /** Of classes that name none. */
  readonly timeZone: string;
}

export function timetableRoutes(app: ZodFastify, { db: database, classes, ...deps }: TimetableDeps): void {
  app.post('/api/classes', { schema: createOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const { coopId } = requireCoop(request);
    const created = accepted(
      errors,
      await createClass(
        { db: database.ofCoop(coopId), timeZone: deps.timeZone },
        {
          given: request.body,
          accountId: session.principal.accountId,
          idempotencyKey: request.headers['idempotency-key'],
        },
      ),
    );
    await session.wrote();
    reply.code(201).header('location', `/api/classes/${created.id}`).header('etag', versionTag(created.version));
    return reply.send(created);
  });

  app.patch('/api/classes/:classId', { schema: changeOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const { classId } = request.params;
    const versions = wantedVersions(request.headers['if-match']);
    const { override, ...patch } = request.body;
    const { preview } = request.query;
    const { coopId } = requireCoop(request);
    const db = database.ofCoop(coopId);
    const outcome = await changeClass({ db, terms: deps.terms }, { classId, patch, versions }, { override, preview });
    const changed = accepted(errors, outcome);
    if (!preview) await Promise.all([session.wrote(), classes.invalidate(classKey(coopId, classId))]);
    return reply.header('etag', versionTag(changed.version)).send(changed);
  });

  app.post('/api/classes/:classId/cancel', { schema: cancelOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const { classId } = request.params;
    const { coopId } = requireCoop(request);
    const db = database.ofCoop(coopId);
    const canceled = accepted(errors, await cancelClass({ db }, { classId, reason: request.body.reason }));
    await Promise.all([session.wrote(), classes.invalidate(classKey(coopId, classId))]);
    return reply.header('etag', versionTag(canceled.version)).send(canceled);
  });

  void app.register(async (scope: ZodFastify) => {
    acceptCsv(scope);
    // before the body is read: only coordinators may send 8 MiB
    scope.addHook('onRequest', async (request) => void (await requireCoordinator(request)));

    scope.post('/api/classes/import', importClassesOperations.submit, async (request, reply) => {
      const { accountId } = (await requireCoordinator(request)).principal;
      const db = database.ofCoop(requireCoop(request).coopId);
      const job = accepted(
        errors,
        await submitImport<TimetableReport>({ db, sealing: unsealed }, { accountId, ...csvIn(request) }),
      );
      return reply.code(202).header('location', `/api/classes/import/${job.id}`).send(job);
    });

    scope.get('/api/classes/import/:importId', importClassesOperations.read, async (request) => {
      const session = await requireCoordinator(request);
      const db = database.ofCoop(requireCoop(request).coopId);
      const job = await findJob<TimetableReport>(db, request.params.importId);
      if (job === undefined) throw errors.problem('import_not_found');
      if (job.status === 'done' && !job.preview) await session.wrote();
      return job;
    });
  });
}
