import { chassisProblem, type ZodFastify } from '@homeroom/chassis';
import { z } from 'zod';

const maxBytes = 2 * 1024 * 1024;

const importQuery = z.strictObject({
  preview: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true')
    .describe('Report what the file would do, and write nothing'),
});

/** Options of a route that takes a file of CSV up to 2 MiB, from coordinators. */
export const importOptions = <Report extends z.ZodType>(described: {
  tags: readonly string[];
  summary: string;
  report: Report;
}) => ({
  bodyLimit: maxBytes,
  schema: {
    tags: described.tags,
    summary: described.summary,
    receives: { 'text/csv': z.string() },
    querystring: importQuery,
    response: { 200: described.report },
    problems: ['unauthenticated', 'forbidden_role', 'unreadable_csv'],
  },
});

/** Lets the routes of a scope take `text/csv`. Not the whole app: its other routes would read such bodies too. */
export function acceptCsv(scope: ZodFastify): void {
  scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
    done(null, body),
  );
}

/** The file in the body of a request. @throws {Problem} `unsupported_media_type` */
export function csvIn({ body }: { readonly body: unknown }): Buffer {
  if (!Buffer.isBuffer(body)) throw chassisProblem('unsupported_media_type', 'Send text/csv.');
  return body;
}
