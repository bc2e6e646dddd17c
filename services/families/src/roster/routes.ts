import type { ZodFastify } from '@homeroom/chassis';
import { tableReport, UnreadableCsvError } from '@homeroom/csv';
import { requireCoordinator } from '@homeroom/sessions';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { importRoster, type ImportRosterDeps } from './import-roster.ts';
import { parseRoster } from './parse-roster.ts';

const maxBytes = 2 * 1024 * 1024;

const query = z.strictObject({
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Report what the file would do, and write nothing'),
});

const report = z
  .object({
    ...tableReport,
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
  })
  .meta({ id: 'RosterReport' });

export function rosterRoutes(app: ZodFastify, deps: ImportRosterDeps): void {
  // in a scope: no other route reads text/csv
  void app.register(async (scope: ZodFastify) => {
    scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
      done(null, body),
    );
    scope.post(
      '/api/families/import',
      {
        bodyLimit: maxBytes,
        schema: {
          tags: ['families'],
          summary: 'Import a roster in CSV (coordinators)',
          receives: { 'text/csv': z.string() },
          querystring: query,
          response: { 200: report },
          problems: ['unauthenticated', 'forbidden_role', 'unreadable_csv'],
        },
      },
      async (request) => {
        const session = await requireCoordinator(request);
        if (!Buffer.isBuffer(request.body)) throw errors.problem('unsupported_media_type', 'send text/csv');
        const { preview } = request.query;
        const imported = await importRoster(deps, { roster: await parse(request.body), preview });
        if (!preview) await session.wrote();
        return imported;
      },
    );
  });
}

async function parse(body: Buffer): ReturnType<typeof parseRoster> {
  try {
    return await parseRoster(body);
  } catch (error) {
    if (error instanceof UnreadableCsvError) throw errors.problem('unreadable_csv', error.message);
    throw error;
  }
}
