import { context, isSpanContextValid, ROOT_CONTEXT, trace, type Context, type SpanContext } from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';

/** A span's W3C `traceparent`. */
export const traceparentOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;

/** The `traceparent` of the work in progress, to be stored in an event; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  const span = trace.getSpanContext(context.active());
  return span === undefined || !isSpanContextValid(span) ? undefined : traceparentOf(span);
}

/** The context of the span that a `traceparent` names, a parent for spans of this process; undefined for no or an invalid one. */
export function remoteParent(traceparent: string | undefined): Context | undefined {
  const span = traceparent === undefined ? null : parseTraceParent(traceparent);
  return span === null ? undefined : trace.setSpanContext(ROOT_CONTEXT, { ...span, isRemote: true });
}
