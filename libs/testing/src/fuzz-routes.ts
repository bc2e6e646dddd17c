import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Received } from './check-response.ts';
import { jargonIn } from './plain-sentences.ts';
import type { FuzzRequest, FuzzRoute, Operation } from './fuzz-requests.ts';

export interface FuzzOptions {
  /** Where the app serves its OpenAPI 3.1 document. */
  readonly openapiPath: string;
  /** FUZZ_SEED from the environment if not given, otherwise random. It is printed. */
  readonly seed?: number;
  /** 100 if not given. */
  readonly runsPerRoute?: number;
  /** Called before each request, for example for a session's cookie or a signature of the body. */
  readonly headers?: (route: FuzzRoute, payload?: string) => Record<string, string> | Promise<Record<string, string>>;
  /**
   * Values that exist for a parameter or property, so that requests get further than "not found"; for a media type other
   * than JSON, bodies.
   */
  readonly known?: (name: string, route: FuzzRoute) => readonly unknown[];
  /** Routes whose answer never ends, such as streams. */
  readonly skip?: (route: FuzzRoute) => boolean;
}

export interface FuzzReport {
  readonly seed: number;
  /** How often each status was answered, per route: a route that only answered 401 was not tested. */
  readonly routes: readonly (FuzzRoute & { readonly statuses: Readonly<Record<number, number>> })[];
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const noHeaders: NonNullable<FuzzOptions['headers']> = () => ({});
const methods = new Set(['get', 'put', 'post', 'delete', 'patch']);
const answerWithinMs = 15_000;

/**
 * Sends every route of the app's own OpenAPI document requests that fit it and requests that do not.
 * @throws with the smallest request found and the seed, when an answer is a 5xx, does not come, or is an error that is not
 *   `application/problem+json` with its status and a code in sentences for people, or is not what the document says about it: an undocumented
 *   status, media type, code, or header, a header that is missing, a body that does not fit its schema.
 */
export async function fuzzRoutes(app: Pick<FastifyInstance, 'inject'>, options: FuzzOptions): Promise<FuzzReport> {
  const { openapiPath, runsPerRoute = 100, headers = noHeaders, known = () => [], skip = () => false } = options;
  // fast-check takes a second to build its alphabets: only fuzzing needs them, not every test file
  const [{ default: fc }, { requestsTo }, { responseChecker }] = await Promise.all([
    import('fast-check'),
    import('./fuzz-requests.ts'),
    import('./check-response.ts'),
  ]);
  const seed = options.seed ?? Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`fuzzing ${openapiPath}: FUZZ_SEED=${seed}`);
  const document = (
    await app.inject({ url: openapiPath, headers: await headers({ method: 'GET', path: openapiPath }) })
  ).json<Document>();
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.has(method))
      .map(([method, operation]) => ({ route: { method: method.toUpperCase(), path }, operation })),
  );
  if (operations.length === 0) throw new Error(`${openapiPath} describes no routes`);

  const undocumented = responseChecker(document);
  const routes: (FuzzRoute & { statuses: Record<number, number> })[] = [];
  for (const { route, operation } of operations.filter((each) => !skip(each.route))) {
    const statuses: Record<number, number> = {};
    const requests = requestsTo(route, operation, { document, known: (name) => known(name, route) });
    const property = fc.asyncProperty(requests, async (request) => {
      const added = await headers(route, request.payload);
      const answer = await send(app, { ...request, headers: { ...request.headers, ...added } });
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      const complaint = complain(answer) ?? undocumented(route, answer);
      if (complaint !== undefined)
        throw new Error(`${complaint}\n${describe(request)}\n→ ${answer.status} ${answer.body.slice(0, 500)}`);
    });
    // a failing request is made smaller, within a limit: each step is a request
    const details = await fc.check(property, {
      seed,
      numRuns: runsPerRoute,
      plugins: [fc.interruptAfterTimeLimit(120_000)],
    });
    if (details.failed) {
      const cause = details.errorInstance;
      throw new Error(
        `${route.method} ${route.path}, FUZZ_SEED=${seed}: ${cause instanceof Error ? cause.message : 'failed'}`,
        { cause },
      );
    }
    routes.push({ ...route, statuses });
  }
  return { seed, routes };
}

async function send(
  app: Pick<FastifyInstance, 'inject'>,
  { method, url, headers, payload }: FuzzRequest,
): Promise<Received> {
  const options: InjectOptions = {
    method,
    url,
    headers,
    signal: AbortSignal.timeout(answerWithinMs),
    ...(payload === undefined ? {} : { payload }),
  };
  try {
    const { statusCode, headers: answered, body } = await app.inject(options);
    return { status: statusCode, type: answered['content-type'] ?? '', headers: answered, body };
  } catch (error) {
    return { status: 599, type: '', headers: {}, body: `no answer within ${answerWithinMs} ms: ${String(error)}` };
  }
}

function complain({ status, type, body }: Received): string | undefined {
  if (status >= 500) return 'a client caused a server error';
  if (status < 400) return undefined;
  if (!type.startsWith('application/problem+json'))
    return `an error that is ${type || 'of no type'} instead of application/problem+json`;
  const problem = JSON.parse(body) as ReceivedProblem;
  if (problem.code === 'rate_limited') return 'the rate limit is on: fuzzing needs RATE_LIMIT_PER_MINUTE=0';
  if (problem.status !== status || typeof problem.code !== 'string') return 'a problem without its status or code';
  const jargon = sentencesOf(problem)
    .map(jargonIn)
    .find((word) => word !== undefined);
  return jargon === undefined ? undefined : `a sentence for programmers, not for parents: ${jargon}`;
}

interface ReceivedProblem {
  readonly status?: unknown;
  readonly code?: unknown;
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly { readonly message: string }[];
}

/** The sentences of a problem, without what they quote. */
const sentencesOf = ({ title = '', detail = '', errors = [] }: ReceivedProblem): string[] =>
  [title, detail, ...errors.map(({ message }) => message)].map((sentence) => sentence.replace(/".*"/s, '""'));

function describe({ method, url, headers, payload }: FuzzRequest): string {
  const short = (text: string): string =>
    text.length > 1_000 ? `${text.slice(0, 1_000)}… (${text.length} characters)` : text;
  return `${method} ${short(url)}\n${short(JSON.stringify(headers))}\n${short(payload ?? '')}`;
}
