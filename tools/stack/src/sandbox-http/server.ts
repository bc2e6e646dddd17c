import { createServer, STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { z } from 'zod';

/** What a route is given. `params` are the `:names` of its path. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** `undefined` drops the connection with a reset: nobody answers. */
export type Route = (exchange: Exchange) => Promise<Reply | undefined> | Reply | undefined;

/** A request that is refused: `status`, a stable `code` and a sentence, sent as a problem document. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface SandboxServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
});

export const seeOther = (location: string): Reply => ({ status: 303, headers: { location } });

/**
 * Serves `routes` (`'GET /api/messages/:id'` → handler) for the sandboxes that stand in for the outside world. They are
 * no part of the platform, so they carry neither its chassis nor its limits. What watches over processes asks `GET
 * /health/startup`, `/health/ready` and `/health/live`: 200, the latter two 503 once `store` is broken, which a restart may mend.
 * @param around runs before each route and may answer in its place, or drop the connection.
 * @throws the listen error, `EADDRINUSE` for one, as it is.
 */
export async function serveSandbox(
  options: { readonly host: string; readonly port: number; readonly store: { readonly broken: boolean } },
  routes: Readonly<Record<string, Route>>,
  around: (exchange: Exchange, route: Route) => ReturnType<Route> = (exchange, route) => route(exchange),
): Promise<SandboxServer> {
  const whole: Route = () => {
    if (options.store.broken) throw new Refusal(503, 'store_broken', 'a write to its file failed: start it again');
    return started();
  };
  const started = (): Reply => json(200, { status: 'ok' });
  const health = { 'GET /health/startup': started, 'GET /health/ready': whole, 'GET /health/live': whole };
  const table = Object.entries({ ...routes, ...health }).map(([key, route]) => {
    const [method = '', path = ''] = key.split(' ');
    return { method, pattern: new RegExp(`^${path.replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`), route };
  });

  const answer = async (request: IncomingMessage): Promise<Reply | undefined> => {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const found = table.filter(({ pattern }) => pattern.test(url.pathname));
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const match = found.find((entry) => entry.method === method);
    if (match === undefined) {
      throw found.length === 0
        ? new Refusal(404, 'not_found', `nothing is served at ${url.pathname}`)
        : new Refusal(
            405,
            'method_not_allowed',
            `${url.pathname} answers ${found.map((entry) => entry.method).join(', ')}`,
          );
    }
    refuseOtherSites(request);
    return around({ request, url, params: { ...match.pattern.exec(url.pathname)?.groups } }, match.route);
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch(problem)
      .then(
        (reply) => {
          if (reply === undefined) {
            request.socket.resetAndDestroy();
            return;
          }
          response.writeHead(reply.status, {
            'cache-control': 'no-store',
            'x-content-type-options': 'nosniff',
            ...reply.headers,
          });
          response.end(request.method === 'HEAD' ? undefined : reply.body);
        },
        (error: unknown) => response.destroy(error as Error),
      );
  });
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host}:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
}

/** Listens, and rejects with the server's own error when it cannot. */
export const listen = (
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });

/**
 * Reads a body of at most `limitBytes`: JSON, or the form of a page's button.
 * @throws {Refusal} 413, 415, 400 malformed_json or 422 validation_failed with the first field that is wrong.
 */
export async function readBody<S extends z.ZodType>(
  request: IncomingMessage,
  schema: S,
  limitBytes = 65_536,
): Promise<z.infer<S>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new Refusal(413, 'body_too_large', `a body has at most ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  const parsed = schema.safeParse(parseBody(request, Buffer.concat(chunks).toString('utf8')));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Refusal(422, 'validation_failed', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong'}`);
}

/** A whole number from the query, between 1 and `most`. */
export function queryLimit(url: URL, most: number, otherwise: number): number {
  const text = url.searchParams.get('limit');
  if (text === null) return otherwise;
  const limit = z.coerce.number().int().min(1).max(most).safeParse(text);
  if (!limit.success) throw new Refusal(422, 'validation_failed', `limit: a whole number from 1 to ${most}`);
  return limit.data;
}

function parseBody(request: IncomingMessage, text: string): unknown {
  const type = request.headers['content-type']?.split(';')[0]?.trim();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (type !== 'application/json') throw new Refusal(415, 'unsupported_media_type', 'send application/json');
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'malformed_json', 'the body is not JSON');
  }
}

/** A page of another site that is open in the developer's browser must not press our buttons. */
function refuseOtherSites({ method, headers }: IncomingMessage): void {
  if (method === 'GET' || method === 'HEAD' || headers.origin === undefined) return;
  if (!URL.canParse(headers.origin) || new URL(headers.origin).host !== headers.host) {
    throw new Refusal(403, 'forbidden_origin', 'another site may not change this one');
  }
}

function problem(error: unknown): Reply {
  const refusal = error instanceof Refusal ? error : new Refusal(500, 'internal', String(error));
  return json(
    refusal.status,
    { title: STATUS_CODES[refusal.status], status: refusal.status, code: refusal.code, detail: refusal.message },
    { 'content-type': 'application/problem+json' },
  );
}
