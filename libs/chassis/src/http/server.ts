import rateLimit from '@fastify/rate-limit';
import type { Redis } from '@homeroom/redis';
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
  type RouteOptions,
} from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { AllowedMethods } from './allowed-methods.ts';
import { answerHook } from './answer.ts';
import { answerClientError } from './client-errors.ts';
import type { ProcessConfig } from '../wiring/config.ts';
import { errorHandler, sendProblem } from './error-handler.ts';
import { chassisProblem, type ErrorTable, Problem } from './errors.ts';
import { dresser, gate } from './gate.ts';
import { jsonText } from './json-body.ts';
import { healthAnswer, healthPaths } from '../wiring/health-routes.ts';
import type { Health } from '../wiring/health.ts';
import { Load } from './load.ts';
import type { Logger } from '../wiring/logger.ts';
import type { Metrics } from '../wiring/metrics.ts';
import { observer } from './observe.ts';
import { serveOpenApi } from './openapi.ts';
import { rateLimitStore } from './rate-limit.ts';
import { traceRequests, tracing } from '../wiring/tracing.ts';
import { trustedProxies } from './trusted-proxies.ts';
import { assertStrict, validatorCompiler } from './validation.ts';

/** A Fastify server whose schemas are zod's. */
export type ZodFastify = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

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
  /** Recognises errors that mean “a dependency is down”: they leave as 503 with Retry-After instead of 500. */
  readonly unavailable?: (error: unknown) => boolean;
  readonly openapi: { readonly title: string; readonly description: string; readonly version: string };
}

const keepAliveMs = 72_000;
const maxParamLength = 100;
/** What a route reads that says nothing of its query. */
const noQuery = z.strictObject({});

/**
 * Makes a server that is ready for the open internet: limits, timeouts, problem+json errors, security headers, rate limit,
 * load shedding, ETags, metrics, traces, health and OpenAPI. Add routes to it; it does not listen.
 */
export async function createServer(options: ServerOptions): Promise<ZodFastify> {
  const { service, config, logger, health, metrics, limiter, limiterPrefix = '', unavailable = () => false } = options;
  const trusts = trustedProxies(config.TRUSTED_PROXIES);
  const handleError = errorHandler(unavailable);
  const load = new Load({ maxInFlight: config.MAX_IN_FLIGHT, maxDelayMs: config.MAX_EVENT_LOOP_DELAY_MS });
  const observe = observer({ load, logger, metrics });
  const dress = dresser(config.PUBLIC_ORIGIN);
  const welcome = (request: FastifyRequest, reply: FastifyReply): void => {
    observe(request, reply);
    dress(request, reply);
  };
  const { recording } = tracing();
  let limit: ((request: FastifyRequest, reply: FastifyReply) => Promise<void>) | undefined;
  const refuseCounted = (request: FastifyRequest, reply: FastifyReply, refusal: Error): void => {
    if (limit === undefined) handleError(refusal, request, reply);
    else
      limit(request, reply).then(
        () => handleError(refusal, request, reply),
        (error: unknown) => handleError(error, request, reply),
      );
  };
  const log: FastifyBaseLogger = logger;

  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    genReqId: ({ headers: { 'x-request-id': given }, socket }) =>
      typeof given === 'string' && trusts(socket.remoteAddress) && /^[\w.:-]{1,128}$/.test(given)
        ? given
        : randomUUID(),
    // one hop: the last entry is the proxy's, and those before it are the client's own, whatever their range
    trustProxy: config.TRUSTED_PROXIES.length === 0 ? false : (address, hop) => hop === 0 && trusts(address),
    bodyLimit: config.BODY_LIMIT_BYTES,
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    routerOptions: { maxParamLength },
    requestTimeout: config.REQUEST_TIMEOUT_MS,
    keepAliveTimeout: keepAliveMs,
    maxRequestsPerSocket: 1_000,
    http: {
      // Node's own interval is 30 s: the two timeouts would be kept that late
      connectionsCheckingInterval: Math.min(1_000, config.REQUEST_TIMEOUT_MS),
      headersTimeout: Math.min(10_000, config.REQUEST_TIMEOUT_MS),
      maxHeaderSize: 16_384,
    },
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    // a URL that the router cannot read never reaches a hook
    frameworkErrors: (error, request, reply) => {
      welcome(request, reply);
      refuseCounted(request, reply, error);
    },
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  // text/plain is Fastify's own idea; a route that takes something other than JSON says so
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    const given = jsonText(body, request.headers['content-type']);
    if (given instanceof Problem) done(given);
    else void parseJson(request, given, done);
  });
  app.decorateRequest('traceId', undefined);

  let draining = false;
  app.addHook('preClose', (done) => {
    draining = true;
    done();
  });
  app.addHook('onClose', (_app, done) => {
    load.stop();
    done();
  });
  const allowed = new AllowedMethods({ maxParamLength });
  app.addHook('onRoute', (route) => {
    declare(route, options.errors);
    allowed.add(route.method, route.url);
  });

  if (recording) await app.register(traceRequests());
  const enter = gate({ config, load, recording, refuseCounted });
  app.addHook('onRequest', (request, reply, done) => {
    welcome(request, reply);
    enter(request, reply, done);
  });
  app.addHook(
    'onSend',
    answerHook(() => draining),
  );

  if (config.RATE_LIMIT_PER_MINUTE > 0) {
    const refused = metrics.counter('http_rate_limited_total', 'Requests refused with 429');
    const alone = metrics.counter('rate_limit_fallback_total', 'Times that the limit was counted without Redis');
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
          alone.inc();
          logger.warn({ err: error }, 'the rate limit is counted in this process alone');
        },
      }),
    });
    limit = app.rateLimit() as typeof limit;
  }

  const notFound = chassisProblem('not_found');
  const notAllowed = chassisProblem('method_not_allowed');
  app.setNotFoundHandler(limit === undefined ? {} : { preHandler: limit }, (request, reply) => {
    const methods = allowed.of(request.raw.url ?? '');
    if (methods === undefined) return sendProblem(reply, notFound);
    reply.header('allow', methods);
    return request.method === 'OPTIONS' ? reply.code(204).send() : sendProblem(reply, notAllowed);
  });
  for (const path of healthPaths) {
    app.get(path, { schema: { hide: true }, config: { rateLimit: false } }, (_request, reply) => {
      const { status, body } = healthAnswer(health, path) ?? { status: 503, body: '' };
      return reply.code(status).header('content-type', 'application/json; charset=utf-8').send(body);
    });
  }
  await serveOpenApi(app, service, options.openapi, options.errors);
  return app;
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
      throw new Error(`${name}: its problem “${code}” is in no table of errors`);
  }
  route.schema = { querystring: noQuery, ...schema };
}
