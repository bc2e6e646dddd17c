import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Load } from './load.ts';
import type { Logger } from '../wiring/logger.ts';
import type { Metrics } from '../wiring/metrics.ts';

/**
 * Observes one response to its end: a metric, one log line, one request less in flight. It listens to `close`, which comes
 * also when the client disconnects, and not to Fastify's onResponse, which does not. Never logs bodies, query strings,
 * cookies, or addresses. A stream counts neither as in flight nor as latency.
 */
export function observer({ load, logger, metrics }: { load: Load; logger: Logger; metrics: Metrics }) {
  const duration = metrics.histogram(
    'http_request_duration_seconds',
    'Time from the request line to the end of the response, in seconds',
    ['method', 'route', 'status_code'],
  );
  // its fields are all known: searching each line for what to redact would be most of its cost
  const access = logger.child({}, { redact: [] });
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const startedAt = performance.now();
    const { stream = false } = request.routeOptions.config;
    if (!stream) load.inFlight += 1;
    reply.raw.once('close', () => {
      if (!stream) load.inFlight -= 1;
      const ms = performance.now() - startedAt;
      // 499 is what proxies log for a client that disconnected
      const status = reply.raw.writableEnded ? reply.raw.statusCode : 499;
      const { method } = request;
      const route = request.routeOptions.url ?? 'unmatched';
      const refused = reply.raw.statusCode >= 400;
      if (!stream || refused) duration.observe({ method, route, status_code: status }, ms / 1_000);
      if (route.startsWith('/health/')) return;
      access.info(
        { method, route, status, ms: Math.round(ms * 100) / 100, request_id: request.id, trace_id: request.traceId },
        'request',
      );
    });
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The response lasts until the client disconnects: it counts neither as in flight nor as latency. */
    stream?: boolean;
  }
}
