import { remoteParent, traceparentOf } from '@homeroom/telemetry';
import { context, SpanKind, SpanStatusCode, trace, TraceFlags, type Context, type Span } from '@opentelemetry/api';
import { inspect } from 'node:util';

const tracer = trace.getTracer('@homeroom/kafka');

/** The context that a W3C `traceparent` names, when its trace is being recorded. */
function sampledParent(traceparent: string | undefined): Context | undefined {
  const parent = remoteParent(traceparent);
  const flags = (parent && trace.getSpanContext(parent)?.traceFlags) ?? TraceFlags.NONE;
  return (flags & TraceFlags.SAMPLED) === 0 ? undefined : parent;
}

/**
 * A producer span below the message's `traceparent`, and the `traceparent` that the message is to carry instead.
 * Nothing for traces that are not recorded: a relay must not pay for what is never stored.
 */
export function startSend(
  topic: string,
  traceparent: string | undefined,
): { span: Span; traceparent: string } | undefined {
  const parent = sampledParent(traceparent);
  if (parent === undefined) return undefined;
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': topic,
    'messaging.operation.type': 'send',
  };
  const span = tracer.startSpan(`send ${topic}`, { kind: SpanKind.PRODUCER, attributes }, parent);
  if (!span.isRecording()) return undefined;
  return { span, traceparent: traceparentOf(span.spanContext()) };
}

/** Ends a span, as failed when there is an error. */
export function endSpan(span: Span, error?: unknown): void {
  if (error !== undefined) {
    const message = error instanceof Error ? error.message : inspect(error);
    span.recordException(error instanceof Error ? error : message);
    span.setStatus({ code: SpanStatusCode.ERROR, message });
  }
  span.end();
}

/** Runs `work` in a consumer span below the message's `traceparent`; what it throws is recorded and thrown on. */
export async function processing<T>(
  message: { topic: string; partition: number; offset: string; group: string; attempt: number },
  traceparent: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const parent = sampledParent(traceparent);
  if (parent === undefined) return work();
  const attributes = {
    'messaging.system': 'kafka',
    'messaging.destination.name': message.topic,
    'messaging.destination.partition.id': String(message.partition),
    'messaging.kafka.offset': Number(message.offset),
    'messaging.consumer.group.name': message.group,
    'messaging.operation.type': 'process',
    'homeroom.attempt': message.attempt,
  };
  const span = tracer.startSpan(`process ${message.topic}`, { kind: SpanKind.CONSUMER, attributes }, parent);
  try {
    const result = await context.with(trace.setSpan(parent, span), work);
    endSpan(span);
    return result;
  } catch (error) {
    endSpan(span, error ?? 'nothing was thrown');
    throw error;
  }
}
