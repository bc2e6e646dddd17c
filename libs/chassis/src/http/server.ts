import rateLimit from '@fastify/rate-limit';
import type { Redis } from '@homeroom/redis';
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  type FastifyHttpOptions,
  type RawServerDefault,
  type RouteOptions,
} from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { AllowedMethods } from './allowed-methods.ts';
import { answerHook } from './answer.ts';
import { answerClientError } from './client-errors.ts';
import type { ProcessConfig } from '../wiring/config.ts';
import { errorHandler, sendProblem } from './error-handler.ts';
import { chassisProblem, Problem, type ErrorTable } from './errors.ts';
import { gate, setSecurityHeaders } from './gate.ts';
import { jsonText } from './json-body.ts';
import { healthPaths, type Health } from '../wiring/health.ts';
import { Load } from './load.ts';
import type { Logger } from '../wiring/logger.ts';
import type { Metrics } from '../wiring/metrics.ts';
import { observer } from './observe.ts';
import { serveOpenApi } from './openapi.ts';
import { rateLimitStore } from './rate-limit.ts';
import { traceRequests, tracing } from '../wiring/tracing.ts';
import { trustedProxies } from './trusted-proxies.ts';
import { assertStrict, validatorCompiler } from './validation.ts';
import type { ZodFastify } from './zod-fastify.ts';

export interface ServerOptions {
  /** Its OpenAPI is served under `/api/<service>`; limits are counted per service. */
  readonly service: string;
  readonly config: ProcessConfig;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly errors: ErrorTable;
  /** Redis for the rate limit, opened by `connectRedis`; without it each process counts alone. */
  readonly limiter?: Redis | undefined;
  /** Put before every key in `limiter`. */
  readonly limiterPrefix?: string;
  /** Recognizes errors that mean that a dependency is down: they become 503 with Retry-After instead of 500. */
  readonly unavailable?: (error: unknown) => boolean;
  readonly openapi: { readonly title: string; readonly description: string; readonly version: string };
}

type Limit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const keepAliveMs = 72_000;
const maxParamLength = 100;
/** The query of a route that declares none. */
const noQuery = z.strictObject({});

/**
 * Makes a server that is ready for the open internet: limits, timeouts, problem+json errors, security headers, rate limit,
 * load shedding, ETags, metrics, traces, health, and OpenAPI. Add routes to it; it does not listen.
 */
export async function createServer(options: ServerOptions): Promise<ZodFastify> {
  const { service, config, logger, metrics, errors, unavailable = () => false } = options;
  const handleError = errorHandler(unavailable);
  const load = new Load({ maxInFlight: config.MAX_IN_FLIGHT, maxDelayMs: config.MAX_EVENT_LOOP_DELAY_MS });
  const observe = observer({ load, logger, metrics });
  const setHeaders = setSecurityHeaders(config.PUBLIC_ORIGIN);
  const admit = (request: FastifyRequest, reply: FastifyReply): void => {
    observe(request, reply);
    setHeaders(request, reply);
  };
  const { recording } = tracing();
  const log: FastifyBaseLogger = logger;
  let limit: Limit | undefined;
  const refuseCounted: ZodFastify['refuse'] = (request, reply, refusal) => {
    if (limit === undefined) handleError(refusal, request, reply);
    else
      limit(request, reply).then(
        () => handleError(refusal, request, reply),
        (error: unknown) => handleError(error, request, reply),
      );
  };

  const app = fastify({
    ...transport(config),
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    // a URL that the router cannot read never reaches a hook
    frameworkErrors: (error, request, reply) => {
      admit(request, reply);
      refuseCounted(request, reply, error);
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  parseJsonOnly(app);
  app.decorateRequest('traceId', undefined);
  app.decorate('refuse', refuseCounted);

  const allowed = checkRoutes(app, errors);
  if (recording) await app.register(traceRequests());
  const enter = gate({ config, load, recording, refuseCounted });
  app.addHook('onRequest', (request, reply, done) => {
    admit(request, reply);
    enter(request, reply, done);
  });
  addClosingHooks(app, load);
  if (config.RATE_LIMIT_PER_MINUTE > 0) limit = await limitRate(app, options);
  answerUnknownPaths(app, allowed, limit);
  serveHealth(app, options.health);
  await serveOpenApi(app, service, options.openapi, errors);
  return app;
}

/** Checks each route when it is declared. @returns the methods of every path. */
function checkRoutes(app: ZodFastify, errors: ErrorTable): AllowedMethods {
  const allowed = new AllowedMethods({ maxParamLength });
  app.addHook('onRoute', (route) => {
    declare(route, errors);
    allowed.add(route.method, route.url);
  });
  return allowed;
}

/** While the app closes, responses ask clients to reconnect elsewhere. */
function addClosingHooks(app: ZodFastify, load: Load): void {
  let draining = false;
  app.addHook('preClose', (done) => {
    draining = true;
    done();
  });
  app.addHook('onClose', (_app, done) => {
    load.stop();
    done();
  });
  app.addHook(
    'onSend',
    answerHook(() => draining),
  );
}

/** Who is trusted, how long anything may take, and how large it may be. */
function transport(config: ProcessConfig) {
  const trusts = trustedProxies(config.TRUSTED_PROXIES);
  return {
    genReqId: ({ headers: { 'x-request-id': given }, socket }: IncomingMessage) =>
      typeof given === 'string' && trusts(socket.remoteAddress) && /^[\w.:-]{1,128}$/.test(given)
        ? given
        : randomUUID(),
    // one hop: the last entry is the proxy's; those before it are the client's own, even in a trusted range
    trustProxy:
      config.TRUSTED_PROXIES.length === 0 ? false : (address: string, hop: number) => hop === 0 && trusts(address),
    bodyLimit: config.BODY_LIMIT_BYTES,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength },
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: keepAliveMs,
    maxRequestsPerSocket: 1_000,
    http: {
      // Node's own interval is 30 s: it would apply the two timeouts that late
      connectionsCheckingInterval: Math.min(1_000, config.REQUEST_TIMEOUT_MS),
      headersTimeout: Math.min(10_000, config.REQUEST_TIMEOUT_MS),
      maxHeaderSize: 16_384,
    },
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
  } satisfies FastifyHttpOptions<RawServerDefault>;
}

/** Fastify would also parse text/plain; a route that takes something other than JSON adds its own parser. */
function parseJsonOnly(app: ZodFastify): void {
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const given = jsonText(body, request.headers['content-type']);
    if (given instanceof Problem) done(given);
    else void parseJson(request, given, done);
  });
}

async function limitRate(
  app: ZodFastify,
  { service, config, logger, metrics, limiter, limiterPrefix = '' }: ServerOptions,
): Promise<Limit> {
  const refused = metrics.counter('http_rate_limited_total', 'Requests refused with 429');
  const fallbacks = metrics.counter('rate_limit_fallback_total', 'Fallbacks to counting without Redis');
  await app.register(rateLimit, {
    max: config.RATE_LIMIT_PER_MINUTE,
    timeWindow: 60_000,
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) => {
      refused.inc();
      return chassisProblem('rate_limited', undefined, { retryAfterSeconds: Math.ceil(ttl / 1_000) });
    },
    store: rateLimitStore({
      redis: limiter,
      prefix: `${limiterPrefix}${service}:`,
      onFallback: (error) => {
        fallbacks.inc();
        logger.warn({ err: error }, 'rate limit counted in this process alone');
      },
    }),
  });
  return app.rateLimit() as Limit;
}

/** 404, or 405 and OPTIONS where the path has other methods. */
function answerUnknownPaths(app: ZodFastify, allowed: AllowedMethods, limit: Limit | undefined): void {
  const notFound = chassisProblem('not_found');
  const notAllowed = chassisProblem('method_not_allowed');
  app.setNotFoundHandler(limit === undefined ? {} : { preHandler: limit }, (request, reply) => {
    const methods = allowed.of(request.raw.url ?? '');
    if (methods === undefined) return sendProblem(reply, notFound);
    reply.header('allow', methods);
    return request.method === 'OPTIONS' ? reply.code(204).send() : sendProblem(reply, notAllowed);
  });
}

function serveHealth(app: ZodFastify, health: Health): void {
  for (const path of healthPaths) {
    app.get(path, { schema: { hide: true }, config: { rateLimit: false } }, (_request, reply) => {
      const { status, body } = health.answer(path) ?? { status: 503, body: '' };
      return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(body);
    });
  }
}

/** Checks what a route declares, and gives it what it leaves out. */
function declare(route: RouteOptions, errors: ErrorTable): void {
  const { method, url, schema } = route;
  const name = `${String(method)} ${url}`;
  if (schema !== undefined && 'hide' in schema) return;
  assertStrict(schema?.body, `${name}: its body`);
  assertStrict(schema?.querystring, `${name}: its query`);
  if (url.includes(':') && schema?.params === undefined) throw new Error(`${name}: its path has no schema`);
  for (const code of schema?.problems ?? []) {
    if (!Object.hasOwn(errors.entries, code))
      throw new Error(`${name}: its problem “${code}” is not in the error table`);
  }
  route.schema = { querystring: noQuery, ...schema };
}

declare module 'fastify' {
  interface FastifyInstance {
    /** For an onRequest hook: answers a request with an error that counts against the rate limit, instead of `done()`. */
    refuse(request: FastifyRequest, reply: FastifyReply, refusal: Error): void;
  }
}
