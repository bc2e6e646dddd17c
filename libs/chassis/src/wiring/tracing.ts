import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { remoteParent } from '@homeroom/telemetry';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import type { FastifyPluginCallback } from 'fastify';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';

/** The running tracing of a process. */
export type Tracing = ReturnType<typeof register>;

let running: Tracing | undefined;

/** The tracing of this process. An app under test starts none: then ids are made, and nothing is recorded. */
export const tracing = (): Tracing =>
  (running ??= register(new NodeTracerProvider({ sampler: new AlwaysOffSampler() }), false));

/**
 * Starts tracing. Without an endpoint nothing is recorded, but requests, events, and log lines still carry trace ids.
 * @param options.endpoint base URL of an OTLP/HTTP collector.
 * @param options.ratio share of the traces that begin here which is recorded, 0 to 1.
 */
export async function startTracing(options: {
  service: string;
  role: string;
  endpoint: string | undefined;
  ratio: number;
}): Promise<Tracing> {
  const { service, role, endpoint, ratio } = options;
  if (endpoint === undefined) return tracing();
  const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces`, timeoutMillis: 3_000 });
  running = register(
    new NodeTracerProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.role': role }),
      sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
      spanProcessors: [new BatchSpanProcessor(exporter, { exportTimeoutMillis: 3_000, scheduledDelayMillis: 1_000 })],
    }),
    true,
  );
  await tracePostgres();
  return running;
}

/** @param recording whether spans are recorded and sent, or only ids are passed on. */
function register(provider: NodeTracerProvider, recording: boolean) {
  provider.register();
  return {
    recording,
    /** Sends what is still buffered and stops. */
    shutdown: () => provider.shutdown(),
  };
}

/**
 * Patches the module itself: the usual hooks in the module loader miss what was imported before them, and an ES module's
 * imports are all loaded before its first line runs.
 */
async function tracePostgres(): Promise<void> {
  const { default: pg } = await import('pg');
  // polls and probes outside of any request would otherwise be traces of their own
  const instrumentation = new PgInstrumentation({ enabled: false, requireParentSpan: true, ignoreConnectSpans: true });
  const definition = instrumentation.getModuleDefinitions().find(({ name }) => name === 'pg');
  definition?.patch?.(pg);
}

/**
 * Does work as a part of the trace that an event's `traceparent` names.
 * @param traceparent absent or unreadable: the work starts a trace of its own.
 */
export async function withRemoteParent<T>(
  traceparent: string | undefined,
  spanName: string,
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  tracing();
  return trace
    .getTracer('@homeroom/chassis')
    .startActiveSpan(
      spanName,
      { kind: SpanKind.CONSUMER, attributes },
      remoteParent(traceparent) ?? ROOT_CONTEXT,
      async (span) => {
        try {
          return await work(span);
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
          throw error;
        } finally {
          span.end();
        }
      },
    );
}

/** One span per request: spans for each hook and handler cost more than they are worth. */
export function traceRequests(): FastifyPluginCallback {
  const instrumentation = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    ignorePaths: ({ url }) => url.startsWith('/health/'),
    requestHook: (span, request) => {
      span.updateName(`${request.method} ${request.routeOptions.url ?? 'unmatched'}`);
      span.setAttribute('url.path', request.url.split('?', 1)[0] ?? '');
    },
  });
  return instrumentation.plugin();
}
