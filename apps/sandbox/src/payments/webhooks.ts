import { joinSignals } from '@homeroom/resilience';
import { createHmac } from 'node:crypto';
import type { Charge, Refund } from './ledger.ts';

export interface WebhookEvent {
  readonly id: string;
  readonly type: 'charge.succeeded' | 'charge.declined' | 'refund.succeeded';
  readonly data: Charge | Refund;
  readonly createdAt: string;
}

/** The event that reports a record. Its id is derived from the record's, so that a resend is recognized. */
export const eventOf = (record: Charge | Refund): WebhookEvent => ({
  id: `evt_${record.id}`,
  type: 'chargeId' in record ? 'refund.succeeded' : `charge.${record.status}`,
  data: record,
  createdAt: record.createdAt,
});

/** The header `Payment-Signature`: `t=<unix seconds>,v1=<hmac-sha256 of "t.body" in hex>`. */
export function signWebhook(secret: string, body: string, unixSeconds: number): string {
  const mac = createHmac('sha256', secret).update(`${unixSeconds}.${body}`).digest('hex');
  return `t=${unixSeconds},v1=${mac}`;
}

export interface WebhookOptions {
  readonly url: string;
  readonly secret: string;
  /** The first pause after a failure; doubles up to a hundred times itself. */
  readonly retryMs: number;
  readonly onDelivered: (event: WebhookEvent) => Promise<void>;
}

interface Waiting {
  readonly event: WebhookEvent;
  readonly attempt: number;
  readonly dueAt: number;
}

const concurrent = 4;
const timeoutMs = 5000;

/** Sends events until the merchant answers 2xx to each, oldest first, a few at a time; order is not promised. */
export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #closing = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Events delivered since the start. */
  delivered = 0;
  /** Sends nothing while set. */
  paused = false;
  /** Sends everything twice, as providers sometimes do. */
  duplicates = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#waiting.length + this.#sending.size;
  }

  send(event: WebhookEvent): void {
    this.#waiting.push({ event, attempt: 1, dueAt: 0 });
    this.pump();
  }

  /** Sends what is due and sets a timer for what is not. Can be called at any time. */
  pump(): void {
    clearTimeout(this.#timer);
    if (this.paused || this.#closing.signal.aborted) return;
    while (this.#sending.size < concurrent) {
      const due = this.#waiting.findIndex(({ dueAt }) => dueAt <= Date.now());
      if (due === -1) break;
      const [next] = this.#waiting.splice(due, 1);
      if (next !== undefined) this.#start(next);
    }
    const next = Math.min(...this.#waiting.map(({ dueAt }) => dueAt));
    if (Number.isFinite(next) && next > Date.now()) this.#timer = setTimeout(() => this.pump(), next - Date.now() + 1);
  }

  #start(waiting: Waiting): void {
    const sending = this.#deliver(waiting).finally(() => {
      this.#sending.delete(sending);
      this.pump();
    });
    this.#sending.add(sending);
  }

  async #deliver({ event, attempt }: Waiting): Promise<void> {
    const retryAfterMs = await this.#attempt(event);
    if (retryAfterMs === undefined) {
      if (this.duplicates) await this.#attempt(event);
      this.delivered += 1;
      return;
    }
    const pauseMs = Math.max(retryAfterMs, this.#options.retryMs * Math.min(100, 2 ** (attempt - 1)));
    this.#waiting.push({ event, attempt: attempt + 1, dueAt: Date.now() + pauseMs });
  }

  /** @returns undefined when the merchant accepted it, otherwise its Retry-After in ms. */
  async #attempt(event: WebhookEvent): Promise<number | undefined> {
    const body = JSON.stringify(event);
    const signature = signWebhook(this.#options.secret, body, Math.floor(Date.now() / 1000));
    using joined = joinSignals(this.#closing.signal, AbortSignal.timeout(timeoutMs));
    try {
      const response = await fetch(this.#options.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'payment-signature': signature },
        body,
        signal: joined.signal,
      });
      await response.body?.cancel();
      if (!response.ok) return Number(response.headers.get('retry-after') ?? 0) * 1000 || 0;
      await this.#options.onDelivered(event);
      return undefined;
    } catch {
      // unreachable, too slow, or not recorded: it is sent again
      return 0;
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await Promise.allSettled(this.#sending);
  }
}
