import type { Logger, Metrics } from '@homeroom/chassis';
import { isBrokenCircuit, type PolicyEvent } from '@homeroom/resilience';
import type { CollectorEvent } from './collect-charges.ts';
import type { DeadlineEvent } from './watch-deadlines.ts';

/** Turns events of the collector and its policy into metrics and log lines. */
export function observePayments({ logger, metrics }: { logger: Logger; metrics: Metrics }) {
  const settled = metrics.counter('charges_settled_total', 'Charges and refunds by outcome', ['as']);
  const postponed = metrics.counter('charges_postponed_total', 'Charges and refunds postponed for another attempt');
  const deadlines = metrics.counter('enrollment_deadlines_total', 'Offers expired and payments reported as delayed', [
    'kind',
  ]);
  const calls = metrics.counter('payment_calls_total', 'Calls to the payment provider', ['outcome']);
  const seconds = metrics.histogram('payment_call_seconds', 'Duration of calls to the payment provider, in seconds');
  const breaker = metrics.gauge('payment_breaker_open', '1 while the breaker of the payment provider is not closed');
  return {
    onCollect: (event: CollectorEvent): void => {
      if (event.type === 'settled') {
        settled.inc({ as: event.as });
      } else if (event.type === 'postponed') {
        postponed.inc();
        const { error, enrollmentId, delayMs } = event;
        if (!isBrokenCircuit(error)) logger.warn({ err: error, enrollmentId, delayMs }, 'charge postponed');
      } else {
        logger.warn({ err: event.error }, 'charge collector failed');
      }
    },
    onDeadline: (event: DeadlineEvent): void => {
      if (event.type === 'failed') logger.warn({ err: event.error }, 'deadline check failed');
      else deadlines.inc({ kind: event.type }, event.count);
    },
    onCall: (event: PolicyEvent): void => {
      if (event.kind === 'succeeded' || event.kind === 'failed') {
        calls.inc({ outcome: event.kind });
        seconds.observe(event.durationMs / 1_000);
      } else if (event.kind === 'breaker') {
        breaker.set(event.state === 'closed' ? 0 : 1);
        logger.warn({ state: event.state }, 'payment breaker changed');
      } else {
        calls.inc({ outcome: event.kind });
      }
    },
  };
}
