import { withRemoteParent } from '@homeroom/chassis';
import { fullJitter, joinSignals, pause, policy, type Backoff } from '@homeroom/resilience';
import { oneLine } from '../wording/one-line.ts';
import { retryAfter } from './delivery.ts';
import type { DueMail, MailQueue } from './mail-queue.ts';
import type { Mailer } from './mailer.ts';

interface Attempt {
  readonly id: string;
  readonly attempts: number;
}

export type DeliveryEvent =
  | ({ kind: 'sent'; mail: string; ageMs: number } & Attempt)
  | ({ kind: 'retry'; mail: string; afterMs: number; error: unknown } & Attempt)
  | ({ kind: 'failed'; mail: string; error: unknown } & Attempt)
  /** Sent, but perhaps twice: the attempt took longer than its lease, and another one has taken the mail over. */
  | ({ kind: 'lease-lost' } & Attempt)
  /** Nothing is claimed until the database is back. */
  | { kind: 'database-down'; error: unknown; delayMs: number };

export interface DeliveryOptions {
  /** The most urgent first: a later one gets what the earlier ones leave of `concurrency`. */
  readonly queues: readonly MailQueue[];
  readonly mailer: Mailer;
  /** Mails in progress at once; the mailer's connections. */
  readonly concurrency: number;
  /** Longer than a send and its mark may take, or mails are sent twice. */
  readonly leaseMs: number;
  readonly backoff: Backoff;
  /** How often to look for due mails when `wake` is not called. */
  readonly idleMs: number;
  readonly onEvent: (event: DeliveryEvent) => void;
}

// the mail is out: losing the mark would send it again, so this is tried for longer than other statements
const marking = policy({ name: 'mark-sent', timeoutMs: 5_000, retry: { attempts: 6, baseMs: 100, maxMs: 2_000 } });

/**
 * Sends what is due, at least once and normally once: after a crash between the server's "250 OK" and the mark, the mail is
 * due again. Its Message-ID is the same both times.
 */
export function createDeliveryLoop(options: DeliveryOptions) {
  const { mailer, concurrency, idleMs, onEvent } = options;
  let rest = new AbortController();
  return {
    wake: () => rest.abort(),
    /** Works until `signal` aborts and finishes the mails in progress. Never rejects. */
    async run(signal: AbortSignal): Promise<void> {
      for (let failures = 0; !signal.aborted;) {
        rest = new AbortController();
        try {
          // a server that is down is probed with one mail, not with the whole queue
          const delivered = await deliverDue(options, mailer.available() ? concurrency : 1);
          failures = 0;
          if (delivered > 0 && mailer.available()) continue;
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

/** Delivers up to `limit` due mails. @returns how many. */
async function deliverDue(options: DeliveryOptions, limit: number): Promise<number> {
  const deliveries: (() => Promise<void>)[] = [];
  for (const queue of options.queues) {
    const lease = { limit: limit - deliveries.length, leaseMs: options.leaseMs };
    if (lease.limit === 0) break;
    deliveries.push(...(await queue.claim(lease)).map((mail) => () => deliver(options, queue, mail)));
  }
  const ended = await Promise.allSettled(deliveries.map((delivery) => delivery()));
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return deliveries.length;
}

const deliver = (options: DeliveryOptions, queue: MailQueue, mail: DueMail): Promise<void> =>
  withRemoteParent(mail.traceparent ?? undefined, 'deliver mail', { 'homeroom.notification.kind': mail.kind }, () =>
    attempt(options, queue, mail),
  );

async function attempt({ mailer, backoff, onEvent }: DeliveryOptions, queue: MailQueue, due: DueMail): Promise<void> {
  const { id, kind: mail, attempts } = due;
  try {
    await mailer.send(queue.compose(due));
  } catch (error) {
    const afterMs = retryAfter(error, attempts, backoff);
    const reason = oneLine(error instanceof Error ? error.message : String(error), 500);
    await queue.markFailed(due, { reason, retryAfterMs: afterMs });
    if (afterMs === undefined) onEvent({ kind: 'failed', mail, id, attempts, error });
    else onEvent({ kind: 'retry', mail, id, attempts, afterMs, error });
    return;
  }
  const marked = await marking.execute(() => queue.markSent(due));
  if (marked) onEvent({ kind: 'sent', mail, id, attempts, ageMs: Date.now() - due.createdAt.getTime() });
  else onEvent({ kind: 'lease-lost', id, attempts });
}
