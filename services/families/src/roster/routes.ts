import { accepted, type ZodFastify } from '@homeroom/chassis';
import { acceptCsv, csvIn, importOptions, importReport } from '@homeroom/csv';
import { requireCoordinator } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { importRoster } from './import-roster.ts';

const options = importOptions({
  tags: ['families'],
  summary: 'Import a roster in CSV (coordinators)',
  report: importReport.meta({ id: 'RosterReport' }),
});

export function rosterRoutes(app: ZodFastify, deps: Parameters<typeof importRoster>[0]): void {
  void app.register(async (scope: ZodFastify) => {
    acceptCsv(scope);
    scope.post('/api/families/import', options, async (request) => {
      const session = await requireCoordinator(request);
      const { preview } = request.query;
      const report = accepted(errors, await importRoster(deps, { bytes: csvIn(request), preview }));
      if (!preview) await session.wrote();
      return report;
    });
  });
}
