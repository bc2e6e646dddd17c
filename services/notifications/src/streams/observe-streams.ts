import type { Shell } from '@homeroom/chassis';
import type { FanOutEvent } from './fan-out.ts';

/** Turns the events of the open streams into metrics and log lines. */
export function observeStreams(
  { logger, metrics }: Pick<Shell, 'logger' | 'metrics'>,
  size: () => number,
): (event: FanOutEvent) => void {
  metrics.gauge('streams_open', 'Open event streams', [], (gauge) => gauge.set(size()));
  const ended = metrics.counter('streams_ended_total', 'Event streams that the server ended', ['reason']);
  const failures = metrics.counter('stream_failures_total', 'Failures of event streams', ['what']);
  return (event) => {
    if (event.kind === 'subscribed') {
      logger.info(event.to === 'sessions' ? 'listening for ended sessions' : 'listening for announcements');
      return;
    }
    if (event.kind === 'ended') {
      ended.inc({ reason: event.reason });
      return;
    }
    failures.inc({ what: event.kind });
    logger.warn({ err: event.error }, event.kind);
  };
}
