import { context, trace } from '@opentelemetry/api';
import { destination, pino, stdTimeFunctions, type DestinationStream, type Logger as PinoLogger } from 'pino';
import { PinoPretty } from 'pino-pretty';

export type Logger = PinoLogger;

/**
 * One line of JSON per event on standard output, with the trace that it belongs to; readable text on a terminal.
 * @param options.format `auto` is pretty on a terminal and JSON everywhere else.
 */
export function createLogger(options: {
  service: string;
  role?: string;
  level?: string;
  format?: 'auto' | 'json' | 'pretty';
  stream?: DestinationStream;
}): Logger {
  const { service, role, level = 'info', format = 'auto', stream } = options;
  const forPeople = format === 'pretty' || (format === 'auto' && process.stdout.isTTY);
  return pino(
    {
      level,
      base: role === undefined ? { service } : { service, role },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceFields,
      serializers: { err: describeError },
      redact: {
        paths: ['password', 'token', 'email', 'phone', 'authorization', 'cookie'].flatMap((name) => [
          name,
          `*.${name}`,
        ]),
        censor: '[redacted]',
      },
    },
    stream ?? (forPeople ? PinoPretty({ ignore: 'pid,hostname,trace_id,span_id', sync: true }) : bufferedOutput()),
  );
}

function traceFields(): object {
  const span = trace.getSpanContext(context.active());
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

const flushEveryMs = 100;

/** Standard output in large writes: a system call per line is most of what a line costs. */
function bufferedOutput(): DestinationStream {
  const output = destination({ fd: 1, sync: false, minLength: 8_192 });
  setInterval(() => output.flush(), flushEveryMs).unref();
  process.once('exit', () => output.flushSync());
  return output;
}

/** Only what locates the failure. The rest of an error is data: node-postgres puts the refused row into `detail`. */
function describeError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
