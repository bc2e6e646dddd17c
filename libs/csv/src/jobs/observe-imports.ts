import type { Logger, Metrics } from '@homeroom/telemetry';
import type { ImportEvent } from './run-imports.ts';

/** Logs and counts what becomes of imports. */
export function observeImports({
  logger,
  metrics,
}: {
  logger: Logger;
  metrics: Metrics;
}): (event: ImportEvent) => void {
  const finished = metrics.counter('imports_total', 'Imports that have ended, by status', ['status']);
  return (event) => {
    switch (event.type) {
      case 'finished': {
        const { importId, status, ms } = event;
        finished.inc({ status });
        logger.info({ importId, status, ms: Math.round(ms) }, 'import finished');
        break;
      }
      case 'lost':
        logger.warn({ importId: event.importId }, 'another worker has the import');
        break;
      case 'postponed':
        logger.warn({ err: event.error, importId: event.importId }, 'import postponed');
        break;
      case 'broken':
        logger.error({ err: event.error, importId: event.importId }, 'import failed');
        break;
      case 'unavailable':
        logger.warn({ err: event.error }, 'claiming imports failed');
        break;
    }
  };
}
