import type { RouteOptions } from 'fastify';
import { z } from 'zod';
import type { ErrorEntry } from './errors.ts';

/** What the description of an operation is made of beyond its schemas. */
export interface OperationFacts {
  /** Upper case. */
  readonly method: string;
  /** As the document writes it, `/api/families/{familyId}`. */
  readonly path: string;
  /** Codes of the error table that the operation may answer, without duplicates. */
  readonly codes: readonly string[];
  readonly secured: boolean;
  readonly sends: readonly string[];
  /** Media types of a body that the route parses itself. */
  readonly receives: Readonly<Record<string, z.ZodType>>;
}

const always = [
  'bad_request',
  'request_timeout',
  'validation_failed',
  'headers_too_large',
  'internal',
  'overloaded',
  'unavailable',
] as const;
/** A body is read even if the route declares none. */
const whenBodied = ['malformed_json', 'forbidden_origin', 'body_too_large', 'unsupported_media_type'] as const;

/** Works out what an operation may answer: what its route declares, and what the server answers for a route of its shape. */
export function factsOf(method: string, { url, schema, config }: RouteOptions): OperationFacts {
  const declared = schema?.problems ?? [];
  const secured = declared.includes('unauthenticated');
  const accepts = (part: unknown, name: string): boolean => part instanceof z.ZodObject && name in part.shape;
  const conditional = [
    [method !== 'GET', whenBodied],
    [url.includes(':'), ['not_found']],
    [(config as { withoutCoop?: unknown } | undefined)?.withoutCoop !== true, ['unknown_host', 'coop_suspended']],
    [(config as { rateLimit?: unknown } | undefined)?.rateLimit !== false, ['rate_limited']],
    [secured, ['sessions_unavailable', 'forbidden_role']],
    [accepts(schema?.querystring, 'cursor'), ['invalid_cursor']],
    [accepts(schema?.headers, 'if-match'), ['precondition_failed']],
    [accepts(schema?.headers, 'idempotency-key'), ['idempotency_key_reused']],
  ] as const;
  const codes = [...always, ...conditional.flatMap(([holds, some]) => (holds ? some : [])), ...declared];
  return {
    method,
    path: url.replaceAll(/:(\w+)/g, '{$1}'),
    codes: [...new Set(codes)],
    secured,
    sends: schema?.sends ?? [],
    receives: schema?.receives ?? {},
  };
}

export interface Described {
  description?: string;
  headers?: Record<string, unknown>;
  content?: Record<string, { schema?: unknown }>;
}

interface Parameter {
  name: string;
  in: string;
}

/** An operation of an OpenAPI 3.1 document, as far as it is completed here. */
export interface Operation {
  parameters?: Parameter[];
  requestBody?: unknown;
  security?: unknown;
  responses?: Record<string, Described>;
}

const headerOf = (description: string): object => ({ description, required: true, schema: { type: 'string' } });

const sentHeaders: Readonly<Record<string, object>> = {
  etag: headerOf('Identifies this version of the resource: for `If-None-Match` and, where there is one, `If-Match`'),
  'cache-control': headerOf('Who may store the response, and for how long'),
  location: headerOf('The path of the created resource'),
  'set-cookie': headerOf('The session, or the device as known to the account'),
};

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  description: 'An `ETag` received earlier: the response is 304 without content while it is current',
  schema: { type: 'string' },
};

/** `if-match` → `If-Match`. */
const headerName = (name: string): string =>
  name === 'etag' ? 'ETag' : name.replaceAll(/(?:^|-)[a-z]/g, (initial) => initial.toUpperCase());

/** Completes an operation: every status that it may answer with, the headers sent and read, its security. */
export function complete(
  operation: Operation,
  facts: OperationFacts,
  errors: Readonly<Record<string, ErrorEntry>>,
): void {
  const responses: Record<string, Described> = {};
  for (const [status, response] of Object.entries(operation.responses ?? {})) {
    if (!/^[23]/.test(status)) continue;
    responses[status] = success(status, response, facts);
  }
  const tagged = Object.values(responses).some(({ headers }) => headers !== undefined && 'ETag' in headers);
  const conditional = facts.method === 'GET' && tagged;
  if (conditional) {
    responses['304'] = {
      description: 'Not modified: the `ETag` in `If-None-Match` is current',
      headers: named(['etag', 'cache-control']),
    };
  }
  for (const [status, codes] of Map.groupBy(facts.codes, (code) => errors[code]?.status ?? 500))
    responses[String(status)] = problem(status, codes, errors);
  operation.responses = Object.fromEntries(Object.entries(responses).toSorted(([a], [b]) => Number(a) - Number(b)));

  const parameters = (operation.parameters ?? []).map((parameter) =>
    parameter.in === 'header' ? { ...parameter, name: headerName(parameter.name) } : parameter,
  );
  if (conditional) parameters.push(ifNoneMatch);
  if (parameters.length > 0) operation.parameters = parameters;
  if (facts.secured) operation.security = [{ session: [] }];
  const received = Object.entries(facts.receives).map(([type, schema]) => {
    const described = z.toJSONSchema(schema, { io: 'input' });
    delete described.$schema;
    return [type, { schema: described }] as const;
  });
  if (received.length > 0) operation.requestBody = { required: true, content: Object.fromEntries(received) };
}

const named = (names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [headerName(name), sentHeaders[name]]));

function success(status: string, response: Described, { method, sends }: OperationFacts): Described {
  const { content, ...rest } = response;
  const json = content !== undefined && 'application/json' in content;
  const own = method === 'GET' && json && status === '200' ? ['etag', ...sends] : sends;
  const headers = { ...rest.headers, ...named(['cache-control', ...new Set(own)]) };
  return status === '204' ? { ...rest, headers } : { ...rest, headers, ...(content === undefined ? {} : { content }) };
}

function problem(status: number, codes: readonly string[], errors: Readonly<Record<string, ErrorEntry>>): Described {
  const waits = codes.filter((code) => code === 'rate_limited' || errors[code]?.retryAfterSeconds !== undefined);
  const retryAfter = {
    description: 'Seconds to wait before the next attempt',
    ...(waits.length === codes.length ? { required: true } : {}),
    schema: { type: 'integer', minimum: 1 },
  };
  return {
    description: codes.map((code) => `\`${code}\`: ${errors[code]?.title ?? ''}`).join('\n\n'),
    ...(waits.length > 0 ? { headers: { 'Retry-After': retryAfter } } : {}),
    content: {
      'application/problem+json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { status: { const: status }, code: { enum: codes } } },
          ],
        },
      },
    },
  };
}
