import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { snapshotTables, type ReadRows } from './table-snapshot.ts';

/** `unsigned` stands for four callers: without a cookie, with a forged one, signed out, and with an expired session. */
const unsigned = ['nobody', 'forged', 'signedOut', 'expired'] as const;

/** The caller. `guardian` owns the data of the table's requests; `stranger` is a guardian of another family;
 * `operator` belongs to no co-op. */
export type Caller = (typeof unsigned)[number] | 'stranger' | 'guardian' | 'coordinator' | 'operator';

/** What the cells of a service need; tests add what their requests need. */
export interface AccessWorld {
  readonly app: Pick<FastifyInstance, 'inject'>;
  /** Asks the service's database. Nothing else may write to it while a cell runs. */
  readonly rows: ReadRows;
  /** The `Cookie` header of each caller that presents one. */
  readonly cookies: Readonly<Record<Exclude<Caller, 'nobody' | 'forged'>, string>>;
  /** Text that only this family may read, and coordinators: names, addresses, ids. */
  readonly secrets: Readonly<Record<'guardian' | 'stranger', readonly string[]>>;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request. The method is the route's unless given. */
export interface AccessRequest {
  readonly url: string;
  readonly method?: Method;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, text as CSV. */
  readonly payload?: object | string;
}

/** A status alone, or with the problem's code: `200`, `'404 family_not_found'`. */
export type ExpectedAnswer = number | `${number} ${string}`;

export interface AccessRow<World extends AccessWorld> {
  /** Makes the request. What it does first, such as another caller's request, is not part of what the cell checks. */
  readonly request: (world: World, as: Caller) => AccessRequest | Promise<AccessRequest>;
  readonly answers: Readonly<Partial<Record<'unsigned' | Caller, ExpectedAnswer>>>;
  /** Whether the request may change the database. By default: accepted ones that are not a GET. */
  readonly writes?: 'never' | 'even as GET';
  /** The request carries the secret that opens the data, such as a calendar's token: it may be answered with it. */
  readonly opens?: true;
}

/**
 * Route × caller: which status and code each caller gets, that a refused request changed nothing in any table (the outbox
 * included), and that no answer has text of another family.
 * @param routes one row per route of the OpenAPI document, `GET /api/families/{familyId}`.
 * @param sequences rows of more than one request, such as a replay, by any name: `POST /api/enrollments: a replay`.
 */
export function accessMatrix<World extends AccessWorld>(
  routes: Readonly<Record<string, AccessRow<World>>>,
  sequences: Readonly<Record<string, AccessRow<World>>> = {},
) {
  const rows = [...Object.entries(routes), ...Object.entries(sequences)];
  return {
    /** For `test.each`. */
    cells: rows.flatMap(([route, row]) =>
      callersOf(row.answers).map(([as, answer]) => ({
        route,
        as,
        answer,
        /** @throws with everything that is not as expected. */
        check: async (world: World): Promise<void> => {
          const findings = await findingsOf(world, { route, row, as, answer });
          if (findings.length > 0) throw new Error(`${route} as ${as}:\n${findings.join('\n')}`);
        },
      })),
    ),
    /** @throws when a route of the document is not in the table, a route of the table not in the document, or a caller is missing. */
    async checkRoutes(app: AccessWorld['app'], openapiPath: string): Promise<void> {
      const documented = routesOf((await app.inject({ method: 'GET', url: openapiPath })).json<Document>());
      const findings = [
        ...documented.filter((route) => !(route in routes)).map((route) => `${route} is not in the table`),
        ...Object.keys(routes)
          .filter((route) => !documented.includes(route))
          .map((route) => `${route} is not in ${openapiPath}`),
        ...Object.entries(routes).flatMap(([route, { answers }]) =>
          (['unsigned', 'stranger', 'guardian', 'coordinator', 'operator'] as const)
            .filter((caller) => answers[caller] === undefined)
            .map((caller) => `${route} has no answer for ${caller}`),
        ),
      ];
      if (findings.length > 0) throw new Error(findings.join('\n'));
    },
  };
}

function callersOf(answers: AccessRow<AccessWorld>['answers']): [Caller, ExpectedAnswer][] {
  const { unsigned: common, ...own } = answers;
  return Object.entries({
    ...(common === undefined ? {} : Object.fromEntries(unsigned.map((caller) => [caller, common]))),
    ...own,
  }) as [Caller, ExpectedAnswer][];
}

interface Document {
  readonly paths?: Readonly<Record<string, object>>;
}

const routesOf = ({ paths = {} }: Document): string[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((method) => ['get', 'put', 'post', 'delete', 'patch'].includes(method))
      .map((method) => `${method.toUpperCase()} ${path}`),
  );

async function findingsOf<World extends AccessWorld>(
  world: World,
  { route, row, as, answer }: { route: string; row: AccessRow<World>; as: Caller; answer: ExpectedAnswer },
): Promise<string[]> {
  const request = await row.request(world, as);
  const method = request.method ?? (route.split(' ')[0] as Method);
  const before = await snapshotTables(world.rows);
  const got = await send(world, as, { ...request, method });
  const after = await snapshotTables(world.rows);

  const findings: string[] = [];
  const expected = String(answer);
  const actual = expected.includes(' ') ? `${got.status} ${got.code ?? 'without a code'}` : String(got.status);
  if (actual !== expected) findings.push(`answered ${actual} instead of ${expected}: ${got.text.slice(0, 500)}`);
  if (got.status >= 400 && !got.type.startsWith('application/problem+json'))
    findings.push(`an error of type ${got.type || 'none'} instead of application/problem+json`);

  const mayWrite = row.writes !== 'never' && got.status < 400 && (method !== 'GET' || row.writes === 'even as GET');
  if (!mayWrite) {
    for (const [table, content] of after)
      if (before.get(table) !== content) findings.push(`changed the table ${table}`);
  }

  const sent = `${request.url} ${JSON.stringify(request.payload ?? '')} ${JSON.stringify(request.headers ?? {})}`;
  for (const secret of row.opens === true ? [] : foreignTo(as, got.status, world.secrets)) {
    // what the caller has sent is known to the caller
    if (got.text.includes(secret) && !sent.includes(secret)) findings.push(`reveals “${secret}”`);
  }
  return findings;
}

function foreignTo(as: Caller, status: number, { guardian, stranger }: AccessWorld['secrets']): readonly string[] {
  if (as === 'guardian') return stranger;
  if (as === 'stranger') return guardian;
  return as === 'coordinator' && status !== 403 ? [] : [...guardian, ...stranger];
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly code: string | undefined;
  /** Headers and body. */
  readonly text: string;
}

const answerWithinMs = 15_000;
/** 256 random bits in base64url, as a session's token is, but never issued. */
const forgedCookie = `homeroom=${'A'.repeat(43)}`;

async function send(world: AccessWorld, as: Caller, request: AccessRequest & { method: Method }): Promise<Answer> {
  const cookie = as === 'nobody' ? undefined : as === 'forged' ? forgedCookie : world.cookies[as];
  const options: InjectOptions = {
    method: request.method,
    url: request.url,
    headers: {
      ...(typeof request.payload === 'string' ? { 'content-type': 'text/csv' } : {}),
      ...(cookie === undefined ? {} : { cookie }),
      ...request.headers,
    },
    ...(request.payload === undefined ? {} : { payload: request.payload }),
    payloadAsStream: true,
    signal: AbortSignal.timeout(answerWithinMs),
  };
  const response = await world.app.inject(options);
  const type = response.headers['content-type'] ?? '';
  // a stream of events has no end: only its status is checked
  const body = type.startsWith('text/event-stream') ? end(response.stream()) : await text(response.stream());
  const problem = response.statusCode >= 400 && type.includes('json') ? (JSON.parse(body) as { code?: string }) : {};
  return {
    status: response.statusCode,
    type,
    code: problem.code,
    text: `${JSON.stringify(response.headers)}\n${body}`,
  };
}

function end(stream: Readable): string {
  stream.on('error', () => undefined).destroy();
  return '';
}
