import type { OnEvent } from '@homeroom/postgres';
import type { Logger } from './wiring/logger.ts';
import type { Metrics } from './wiring/metrics.ts';

/** Turns what the database tells into metrics, and what a person should know into log lines. */
export function observeDatabase({ logger, metrics }: { logger: Logger; metrics: Metrics }): OnEvent {
  const seconds = metrics.histogram('db_query_seconds', 'Round trips to Postgres', ['name', 'role']);
  const failures = metrics.counter('db_query_failures_total', 'Round trips that failed', ['name', 'role']);
  const retries = metrics.counter('db_retries_total', 'Transactions run again', ['code']);
  const reads = metrics.counter('db_reads_total', 'Reads by the server that answered, and why', ['role', 'because']);
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
        logger.info({ replica: event.replica }, 'the replica answers again');
        return;
      case 'replica-down':
        logger.warn({ err: event.error, replica: event.replica }, 'the replica is away: reads go to the primary');
        return;
      case 'drained':
        logger.warn({ code: event.code }, 'every connection to the primary is replaced');
        return;
      case 'connection-lost':
      case 'mark-lost':
        logger.warn({ err: event.error }, event.type);
    }
  };
}
