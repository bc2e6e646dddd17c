import type { Logger, Metrics } from '@homeroom/chassis';
import { isBrokenCircuit, type PolicyEvent } from '@homeroom/resilience';
import type { CollectorEvent } from './collect-charges.ts';
import type { DeadlineEvent } from './watch-deadlines.ts';

/** Turns what the collector and its policy tell into metrics and log lines. */
export function observePayments({ logger, metrics }: { logger: Logger; metrics: Metrics }): {
  onCollect: (event: CollectorEvent) => void;
  onCall: (event: PolicyEvent) => void;
  onDeadline: (event: DeadlineEvent) => void;
} {
  const settled = metrics.counter('charges_settled_total', 'Charges and refunds by what became of them', ['as']);
  const postponed = metrics.counter('charges_postponed_total', 'Charges and refunds put off for another try');
  const deadlines = metrics.counter('enrollment_deadlines_total', 'Offers that expired, payments reported as delayed', [
    'kind',
  ]);
  const calls = metrics.counter('payment_calls_total', 'Calls to the payment provider', ['outcome']);
  const seconds = metrics.histogram('payment_call_seconds', 'Answers of the payment provider');
  const breaker = metrics.gauge('payment_breaker_open', '1 while the provider is left alone');
  return {
    onCollect(event) {
      if (event.type === 'settled') {
        settled.inc({ as: event.as });
      } else if (event.type === 'postponed') {
        postponed.inc();
        const { error, enrollmentId, delayMs } = event;
        if (!isBrokenCircuit(error)) logger.warn({ err: error, enrollmentId, delayMs }, 'a charge was put off');
      } else {
        logger.warn({ err: event.error }, 'the collector of charges could not use the database');
      }
    },
    onDeadline(event) {
      if (event.type === 'stumbled') logger.warn({ err: event.error }, 'deadlines could not be checked');
      else deadlines.inc({ kind: event.type }, event.count);
    },
    onCall(event) {
      if (event.kind === 'succeeded' || event.kind === 'failed') {
        calls.inc({ outcome: event.kind });
        seconds.observe(event.durationMs / 1_000);
      } else if (event.kind === 'breaker') {
        breaker.set(event.state === 'closed' ? 0 : 1);
        logger.warn({ state: event.state }, 'breaker of the payment provider');
      } else {
        calls.inc({ outcome: event.kind });
      }
    },
  };
}
