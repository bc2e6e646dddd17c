import { chassisProblem, id, idempotencyHeaders, type ZodFastify } from '@homeroom/chassis';
import { z } from 'zod';
import { jobOf, queryOfImport, type JobOptions } from './jobs/job.ts';

/** A roster of 50,000 rows fits. */
const maxBytes = 8 * 1024 * 1024;

/**
 * Options of the two routes of an import: `submit` takes a file of CSV up to 8 MiB and answers 202 with the job, `read`
 * answers what has become of it. Both are for coordinators.
 * @param described.job name of the job in the API's description.
 */
export function importOperations<Report extends z.ZodType>(described: {
  tags: readonly string[];
  summary: string;
  report: Report;
  job: string;
}) {
  const { tags, summary } = described;
  const job = jobOf(described.report).meta({ id: described.job });
  const coordinatorsOnly = ['unauthenticated', 'forbidden_role'];
  return {
    submit: {
      bodyLimit: maxBytes,
      schema: {
        tags,
        summary,
        headers: idempotencyHeaders,
        receives: { 'text/csv': z.string() },
        querystring: queryOfImport,
        response: { 202: job },
        sends: ['location'] as const,
        problems: [...coordinatorsOnly, 'too_many_imports'],
      },
    },
    read: {
      schema: {
        tags,
        summary: 'Status, progress, and report of an import (coordinators)',
        params: z.strictObject({ importId: id }),
        response: { 200: job },
        problems: [...coordinatorsOnly, 'import_not_found'],
      },
    },
  };
}

/** Lets the routes of a scope take `text/csv`. Not the whole app: its other routes would read such bodies too. */
export function acceptCsv(scope: ZodFastify): void {
  scope.addContentTypeParser('text/csv', { parseAs: 'buffer', bodyLimit: maxBytes }, (_request, body, done) =>
    done(null, body),
  );
}

/**
 * The file in the body of a request, its sender's `Idempotency-Key`, and how it is to be imported.
 * @throws {Problem} `unsupported_media_type`
 */
export function csvIn(request: {
  readonly body?: unknown;
  readonly query: z.infer<typeof queryOfImport>;
  readonly headers: Readonly<Record<string, unknown>>;
}): { file: Buffer; options: JobOptions; idempotencyKey: string | undefined } {
  const { body, query, headers } = request;
  if (!Buffer.isBuffer(body)) throw chassisProblem('unsupported_media_type', 'Send text/csv.');
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(String(headers['content-type']))?.[1];
  const key = headers['idempotency-key'];
  return {
    file: body,
    options: { ...query, ...(charset === undefined ? {} : { charset }) },
    idempotencyKey: typeof key === 'string' ? key : undefined,
  };
}
