import type { Logger, Metrics } from '@homeroom/chassis';
import type { ClassJobEvent } from './carry-out-jobs.ts';

/** Turns events of the jobs of classes into metrics and log lines. */
export function observeJobs({ logger, metrics }: { logger: Logger; metrics: Metrics }) {
  const enrollments = metrics.counter(
    'class_job_enrollments_total',
    'Enrollments that were canceled or rescheduled with their class',
    ['kind'],
  );
  return (event: ClassJobEvent): void => {
    if (event.type === 'failed') {
      logger.warn({ err: event.error }, 'class job failed');
      return;
    }
    enrollments.inc({ kind: event.kind }, event.enrollments);
    if (event.ended) logger.info({ kind: event.kind }, 'class job ended');
  };
}
