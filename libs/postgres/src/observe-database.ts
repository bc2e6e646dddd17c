import type { Logger, Metrics } from '@homeroom/telemetry';
import type { OnEvent } from './events.ts';

/** Turns a database's events into metrics and log lines. */
export function observeDatabase({ logger, metrics }: { logger: Logger; metrics: Metrics }): OnEvent {
  const seconds = metrics.histogram('db_query_seconds', 'Duration of round trips to Postgres, in seconds', [
    'name',
    'role',
  ]);
  const failures = metrics.counter('db_query_failures_total', 'Round trips that failed', ['name', 'role']);
  const retries = metrics.counter('db_retries_total', 'Transactions and statements retried, by SQLSTATE', ['code']);
  const reads = metrics.counter('db_reads_total', 'Reads, by the server that answered and the reason for choosing it', [
    'role',
    'because',
  ]);
  return (event) => {
    switch (event.type) {
      case 'query':
        seconds.observe({ name: event.name, role: event.role }, event.ms / 1_000);
        if (event.failed) failures.inc({ name: event.name, role: event.role });
        return;
      case 'retry':
        retries.inc({ code: event.code });
        return;
      case 'read':
        reads.inc({ role: event.role, because: event.because });
        return;
      case 'replica-up':
        logger.info({ replica: event.replica }, 'replica available again');
        return;
      case 'replica-down':
        logger.warn({ err: event.error, replica: event.replica }, 'replica unavailable, reads go to the primary');
        return;
      case 'drained':
        logger.warn({ code: event.code }, 'replacing all connections to the primary');
        return;
      case 'connection-lost':
      case 'mark-lost':
        logger.warn({ err: event.error }, event.type);
    }
  };
}
