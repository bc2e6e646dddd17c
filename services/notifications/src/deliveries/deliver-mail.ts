import { withRemoteParent } from '@homeroom/chassis';
import { fullJitter, joinSignals, pause, policy, type Backoff } from '@homeroom/resilience';
import { oneLine } from '../wording/one-line.ts';
import { afterFailure } from './delivery.ts';
import type { ClaimedMail, MailQueue } from './mail-queue.ts';
import type { Mailer } from './mailer.ts';

export type DeliveryEvent =
  | { kind: 'sent'; mail: string; id: string; attempts: number; ageMs: number }
  | { kind: 'retry'; mail: string; id: string; attempts: number; afterMs: number; error: unknown }
  | { kind: 'failed'; mail: string; id: string; attempts: number; error: unknown }
  /** Sent, but somebody else may have sent it too: this attempt took longer than its lease. */
  | { kind: 'lease-lost'; id: string; attempts: number }
  /** The database is away; nothing is claimed until it is back. */
  | { kind: 'database-down'; error: unknown; delayMs: number };

export interface DeliveryOptions {
  /** The most urgent first: a later one gets what the earlier ones leave of `concurrency`. */
  readonly queues: readonly MailQueue[];
  readonly mailer: Mailer;
  /** Mails in hand at once; the mailer's connections. */
  readonly concurrency: number;
  /** Longer than a send and its mark may take, or mails are sent twice. */
  readonly leaseMs: number;
  readonly backoff: Backoff;
  /** How long to rest when nothing is due and nobody wakes the loop. */
  readonly idleMs: number;
  readonly onEvent?: (event: DeliveryEvent) => void;
}

export interface DeliveryLoop {
  /** Works until `signal` aborts and finishes the mails in hand. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** There is something new: look now. */
  wake(): void;
}

/**
 * Sends what is due. At least once, normally once: between the server's "250 OK" and the mark there is a moment in which a
 * crash makes the mail due again. Its Message-ID is the same both times.
 */
export function createDeliveryLoop(options: DeliveryOptions): DeliveryLoop {
  const { queues, mailer, concurrency, leaseMs, backoff, idleMs, onEvent = () => undefined } = options;
  let rest = new AbortController();

  // the mail is out: losing the mark would send it again, so this is tried for longer than other statements
  const marking = policy({ name: 'mark-sent', timeoutMs: 5_000, retry: { attempts: 6, baseMs: 100, maxMs: 2_000 } });

  async function claim(limit: number): Promise<ClaimedMail[]> {
    const claimed: ClaimedMail[] = [];
    for (const queue of queues) {
      if (claimed.length < limit) claimed.push(...(await queue.claim({ limit: limit - claimed.length, leaseMs })));
    }
    return claimed;
  }

  async function deliver(due: ClaimedMail): Promise<void> {
    const { id, kind: mail, attempts } = due;
    try {
      await mailer.send(due.compose());
    } catch (error) {
      const next = afterFailure(error, attempts, backoff);
      const retryAfterMs = next.step === 'retry' ? next.afterMs : undefined;
      const reason = oneLine(error instanceof Error ? error.message : String(error), 500);
      await due.markFailed({ reason, retryAfterMs });
      onEvent(
        retryAfterMs === undefined
          ? { kind: 'failed', mail, id, attempts, error }
          : { kind: 'retry', mail, id, attempts, afterMs: retryAfterMs, error },
      );
      return;
    }
    const marked = await marking.execute(() => due.markSent());
    if (marked) onEvent({ kind: 'sent', mail, id, attempts, ageMs: Date.now() - due.createdAt.getTime() });
    else onEvent({ kind: 'lease-lost', id, attempts });
  }

  const deliverTraced = (due: ClaimedMail): Promise<void> =>
    withRemoteParent(due.traceparent ?? undefined, 'deliver mail', { 'homeroom.notification.kind': due.kind }, () =>
      deliver(due),
    );

  return {
    wake: () => rest.abort(),
    async run(signal) {
      for (let failures = 0; !signal.aborted;) {
        rest = new AbortController();
        try {
          // a server that is down is asked with one mail at a time, not with the whole queue
          const due = await claim(mailer.available() ? concurrency : 1);
          const failed = (await Promise.allSettled(due.map(deliverTraced))).find(({ status }) => status === 'rejected');
          if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
          failures = 0;
          if (due.length > 0 && mailer.available()) continue;
          using woken = joinSignals(signal, rest.signal);
          await pause(idleMs, woken.signal);
        } catch (error) {
          const delayMs = fullJitter(++failures, { baseMs: 100, maxMs: 5_000 });
          onEvent({ kind: 'database-down', error, delayMs });
          await pause(delayMs, signal);
        }
      }
    },
  };
}
