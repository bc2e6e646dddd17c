import { fastify, type FastifyError, type FastifyTypeProvider, type HTTPMethods } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

/** Types a request's parts by the zod schemas of its route. */
interface ZodProvider extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
}

/** A refused request, sent as a problem document. */
export class Refusal extends Error {
  readonly statusCode: number;
  readonly code: string;

  constructor(statusCode: number, code: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.code = code;
  }
}

export type App = ReturnType<typeof buildApp>;

export interface Server {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

const codes: Readonly<Record<number, string>> = {
  400: 'malformed_json',
  413: 'body_too_large',
  415: 'unsupported_media_type',
};

/**
 * Serves `routes` and the health of `store`: `/health/ready` and `/health/live` answer 503 once it is broken. The sandbox is no
 * part of the platform, so it carries neither its chassis nor its limits.
 * @throws the listen error, such as `EADDRINUSE`, as it is.
 */
export async function serve(
  options: { readonly host: string; readonly port: number; readonly store: { readonly broken: boolean } },
  routes: (app: App) => void,
): Promise<Server> {
  const { host, port, store } = options;
  const app = buildApp();
  const methods = new Map<string, HTTPMethods[]>();
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, [...(methods.get(url) ?? []), ...[method].flat()]);
  });
  const health = (): object => ({ status: 'ok' });
  const storeHealth = (): object => {
    if (store.broken) throw new Refusal(503, 'store_broken', 'A write to the data file failed. Restart the program.');
    return health();
  };
  app.get('/health/startup', health);
  app.get('/health/ready', storeHealth);
  app.get('/health/live', storeHealth);
  routes(app);
  await app.after();
  for (const [url, allowed] of [...methods]) {
    const onRequest = (): never => {
      throw new Refusal(405, 'method_not_allowed', `${url} answers ${allowed.join(', ')}.`);
    };
    const method = app.supportedMethods.filter((each) => !allowed.includes(each));
    app.route({ method, url, onRequest, handler: onRequest });
  }
  await app.listen({ host, port });
  const address = app.server.address() as AddressInfo;
  return { port: address.port, url: `http://${host}:${address.port}`, close: () => app.close() };
}

function buildApp() {
  const app = fastify({ bodyLimit: 65_536, forceCloseConnections: true }).withTypeProvider<ZodProvider>();
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    const parsed = schema.safeParse(data);
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    return {
      error: new Refusal(422, 'validation_failed', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`),
    };
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const status = error.statusCode ?? 500;
    const code = error instanceof Refusal ? error.code : (codes[status] ?? 'internal');
    return reply
      .code(status)
      .type('application/problem+json')
      .send({ title: STATUS_CODES[status], status, code, detail: error.message });
  });
  app.setNotFoundHandler(({ url }) => {
    throw new Refusal(404, 'not_found', `Nothing is served at ${url}.`);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(body.toString())));
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async ({ method, headers: { origin, host } }, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    if (method === 'GET' || method === 'HEAD' || origin === undefined) return;
    // a page of another site in the developer's browser must not press these buttons
    if (URL.parse(origin)?.host !== host)
      throw new Refusal(403, 'forbidden_origin', 'Requests of other sites are refused.');
  });
  return app;
}

/** `GET|POST /sandbox/faults`: JSON for programs, a form for the page's buttons. */
export function faultRoutes<S extends z.ZodType>(
  app: App,
  schema: S,
  read: () => object,
  set: (faults: z.output<S>) => void,
): void {
  app.get('/sandbox/faults', read);
  app.post('/sandbox/faults', { schema: { body: schema } }, ({ body, headers }, reply) => {
    set(body as z.output<S>);
    return headers['content-type'] === 'application/json' ? reply.send(read()) : reply.redirect('/', 303);
  });
}

/** Up to `limit` records of a list, at most 1,000. */
export const limit = z.coerce.number().int().min(1).max(1000).default(100);
