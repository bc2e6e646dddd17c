import { remoteParent } from '@homeroom/telemetry';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { ProcessConfig } from '../wiring/config.ts';
import { chassisProblem, type Problem } from './errors.ts';
import { sendProblem } from './error-handler.ts';
import type { Load } from './load.ts';

const maxQueryParameters = 100;
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

// made once: a stack trace for each refused request would help an attacker to overload us
const overloaded = chassisProblem('overloaded');
const nulByte = chassisProblem('bad_request', 'The address contains a character that cannot be used.');
const tooManyParameters = chassisProblem('bad_request', `The address has more than ${maxQueryParameters} parameters.`);
const foreignOrigin = chassisProblem('forbidden_origin');
const encoded = chassisProblem('unsupported_media_type', 'Compressed data is not accepted. Send it as it is.');

/** Helmet's work without helmet's cost: the headers of every response, computed once. */
function securityHeaders(publicOrigin: string): Readonly<Record<string, string>> {
  return {
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
    'cache-control': 'no-store',
    ...(publicOrigin.startsWith('https:')
      ? { 'strict-transport-security': 'max-age=63072000; includeSubDomains' }
      : {}),
  };
}

/** Makes the hook that sets the headers of every response. */
export function setSecurityHeaders(publicOrigin: string): (request: FastifyRequest, reply: FastifyReply) => void {
  const headers = Object.entries(securityHeaders(publicOrigin));
  return (request, reply) => {
    for (const [name, value] of headers) reply.header(name, value);
    reply.header('x-request-id', request.id);
  };
}

interface GateOptions {
  readonly config: ProcessConfig;
  readonly load: Load;
  readonly recording: boolean;
  /** Refuses a request that counts against the rate limit. */
  readonly refuseCounted: (request: FastifyRequest, reply: FastifyReply, problem: Problem) => void;
}

/**
 * The first hook of every request: refuses what needs no route, and opens the trace context. One hook instead of six, and no
 * promise: it runs for every cached read.
 */
export function gate({ config, load, recording, refuseCounted }: GateOptions) {
  const tracer = trace.getTracer('@homeroom/chassis');

  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const url = request.raw.url ?? '';
    const refused = url.startsWith('/health/') ? undefined : refuse(request, url, config.PUBLIC_ORIGIN, load);
    if (refused !== undefined) {
      // an overloaded process must not ask Redis first
      if (refused === overloaded) sendProblem(reply, refused);
      else refuseCounted(request, reply, refused);
      return;
    }
    if (recording) {
      // @fastify/otel has opened a span already
      request.traceId = trace.getSpanContext(context.active())?.traceId;
      done();
      return;
    }
    const { traceparent } = request.headers;
    const parent = (typeof traceparent === 'string' ? remoteParent(traceparent) : undefined) ?? ROOT_CONTEXT;
    const span = tracer.startSpan('request', {}, parent);
    request.traceId = span.spanContext().traceId;
    context.with(trace.setSpan(parent, span), done);
  };
}

function refuse(request: FastifyRequest, url: string, publicOrigin: string, load: Load): Problem | undefined {
  if (load.overloaded()) return overloaded;
  const query = url.indexOf('?');
  if (url.includes('%00')) return nulByte;
  if (query !== -1 && hasManyParameters(url, query)) return tooManyParameters;
  if (safeMethods.has(request.method)) return undefined;
  if (isForeign(request, publicOrigin)) return foreignOrigin;
  const encoding = request.headers['content-encoding'];
  return encoding === undefined || encoding === 'identity' ? undefined : encoded;
}

function hasManyParameters(url: string, from: number): boolean {
  let count = 0;
  for (let at = url.indexOf('&', from); at !== -1; at = url.indexOf('&', at + 1)) {
    count += 1;
    if (count >= maxQueryParameters) return true;
  }
  return false;
}

/** A browser sends the origin of an unsafe request. Without a cookie a foreign page has nothing to abuse. */
function isForeign({ headers, host: own }: FastifyRequest, publicOrigin: string): boolean {
  if (headers.cookie === undefined) return false;
  const { origin } = headers;
  if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site';
  if (origin === publicOrigin) return false;
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  return host === undefined || host !== own;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The trace that the request is a part of. */
    traceId: string | undefined;
  }
}
