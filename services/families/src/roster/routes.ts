import type { ZodFastify } from '@homeroom/chassis';
import { requireCoordinator } from '@homeroom/sessions';
import { z } from 'zod';
import type { Deps } from '../app.ts';
import { errors } from '../errors.ts';
import { importRoster } from './import-roster.ts';
import { parseRoster, UnreadableRosterError } from './parse-roster.ts';

const maxBytes = 2 * 1024 * 1024;

const report = z
  .object({
    created: z.int(),
    updated: z.int(),
    unchanged: z.int(),
    rejected: z.array(z.object({ line: z.int(), field: z.string().optional(), reason: z.string() })),
  })
  .meta({ id: 'RosterReport' });

export function rosterRoutes(app: ZodFastify, deps: Deps): void {
  app.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
    done(null, body),
  );

  app.post(
    '/api/families/import',
    {
      bodyLimit: maxBytes,
      schema: {
        tags: ['families'],
        summary: 'Import a roster in CSV (coordinators)',
        consumes: ['text/csv'],
        response: { 200: report },
        problems: ['unauthenticated', 'forbidden_role', 'unreadable_csv'],
      },
    },
    async (request) => {
      const session = await requireCoordinator(request);
      if (!Buffer.isBuffer(request.body)) throw errors.problem('unsupported_media_type', 'send text/csv');
      const { rows, rejected } = await parse(request.body);
      const imported = await importRoster(deps, rows);
      await session.wrote();
      return { ...imported, rejected: [...rejected, ...imported.rejected].sort((a, b) => a.line - b.line) };
    },
  );
}

async function parse(body: Buffer): ReturnType<typeof parseRoster> {
  try {
    return await parseRoster(body);
  } catch (error) {
    if (error instanceof UnreadableRosterError) throw errors.problem('unreadable_csv', error.message);
    throw error;
  }
}
