import { accepted, type ZodFastify } from '@homeroom/chassis';
import {
  acceptCsv,
  csvIn,
  findJob,
  importOperations,
  submitImport,
  type ImportReport,
  type Sealing,
} from '@homeroom/csv';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { databaseOf } from '../coops/own-coop.ts';
import { errors } from '../errors.ts';
import { rosterReport } from './schemas.ts';

const operations = importOperations({
  tags: ['families'],
  summary: 'Import a roster in CSV (coordinators)',
  report: rosterReport,
  job: 'RosterImport',
});

export function rosterRoutes(app: ZodFastify, { database, sealing }: { database: Database; sealing: Sealing }): void {
  void app.register(async (scope: ZodFastify) => {
    acceptCsv(scope);
    // before the body is read: only coordinators may send 8 MiB
    scope.addHook('onRequest', async (request) => void (await requireCoordinator(request)));

    scope.post('/api/families/import', operations.submit, async (request, reply) => {
      const { principal } = await requireCoordinator(request);
      const db = databaseOf(request, database);
      const job = accepted(
        errors,
        await submitImport<ImportReport>({ db, sealing }, { accountId: principal.accountId, ...csvIn(request) }),
      );
      return reply.code(202).header('location', `/api/families/import/${job.id}`).send(job);
    });

    scope.get('/api/families/import/:importId', operations.read, async (request) => {
      const session = await requireCoordinator(request);
      const job = await findJob<ImportReport>(databaseOf(request, database), request.params.importId);
      if (job === undefined) throw errors.problem('import_not_found');
      if (job.status === 'done' && !job.preview) await session.wrote();
      return job;
    });
  });
}
