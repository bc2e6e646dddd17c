import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
} from '@opentelemetry/api';

export interface Tracing {
  /** Sends what is still buffered and stops. */
  shutdown(): Promise<void>;
}

export async function startTracing(_options: {
  service: string;
  role?: string;
  endpoint?: string | undefined;
  ratio?: number;
}): Promise<Tracing> {
  return { shutdown: () => Promise.resolve() };
}

/** The W3C trace context of the work in progress, to be stored in an event; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  return traceparentOf(context.active());
}

function traceparentOf(active: Context): string | undefined {
  const span = trace.getSpanContext(active);
  if (span === undefined) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Does work as a part of the trace that an event's `traceparent` names.
 * @param traceparent absent or unreadable: the work starts a trace of its own.
 */
export async function withRemoteParent<T>(
  traceparent: string | undefined,
  spanName: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  const parent = traceparent === undefined ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
  return trace
    .getTracer('homeroom')
    .startActiveSpan(spanName, { kind: SpanKind.CONSUMER, attributes }, parent, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    });
}
