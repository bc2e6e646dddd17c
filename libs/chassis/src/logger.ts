import { context, trace } from '@opentelemetry/api';
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Logger = PinoLogger;

/**
 * One line of JSON per event on standard output, with the trace that it belongs to; readable text on a terminal.
 * @param format `auto` is pretty on a terminal and JSON everywhere else.
 */
export function createLogger({
  service,
  role,
  level = 'info',
  format = 'auto',
  stream,
}: {
  service: string;
  role?: string;
  level?: string;
  format?: 'auto' | 'json' | 'pretty';
  stream?: DestinationStream;
}): Logger {
  const forPeople = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  return pino(
    {
      level,
      base: role === undefined ? { service } : { service, role },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceFields,
      redact: {
        paths: ['password', 'token', 'email', 'phone', 'authorization', 'cookie'].flatMap((name) => [
          name,
          `*.${name}`,
        ]),
        censor: '[redacted]',
      },
    },
    stream ??
      (forPeople
        ? PinoPretty({ ignore: 'pid,hostname,trace_id,span_id', sync: true })
        : destination({ fd: 1, sync: true })),
  );
}

function traceFields(): object {
  const span = trace.getSpanContext(context.active());
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
