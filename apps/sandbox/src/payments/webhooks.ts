import { pause, policy } from '@homeroom/resilience';
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
function signWebhook(secret: string, body: string, unixSeconds: number): string {
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

/** Sends each event until the merchant answers 2xx, a few at a time, oldest first. The order is not guaranteed. */
export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #closing = new AbortController();
  readonly #merchant = policy({
    name: 'merchant',
    timeoutMs: 5000,
    bulkhead: { concurrent: 4, queued: Number.MAX_SAFE_INTEGER },
  });
  readonly #open = new Set<Promise<void>>();
  #held: PromiseWithResolvers<void> | undefined;
  /** Events delivered since the start. */
  delivered = 0;
  /** Sends everything twice, as providers sometimes do. */
  duplicates = false;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Sends nothing while true. */
  set paused(paused: boolean) {
    if (!paused) this.#held?.resolve();
    this.#held = paused ? (this.#held ?? Promise.withResolvers()) : undefined;
  }

  get pending(): number {
    return this.#open.size;
  }

  send(event: WebhookEvent): void {
    const delivery = this.#deliver(event).finally(() => this.#open.delete(delivery));
    this.#open.add(delivery);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.paused = false;
    await Promise.all(this.#open);
  }

  async #deliver(event: WebhookEvent): Promise<void> {
    const { retryMs } = this.#options;
    for (let pauseMs = retryMs; !this.#closing.signal.aborted; pauseMs = Math.min(100 * retryMs, 2 * pauseMs)) {
      await this.#held?.promise;
      const retryAfterMs = await this.#attempt(event);
      if (retryAfterMs === undefined) {
        if (this.duplicates) await this.#attempt(event);
        this.delivered += 1;
        return;
      }
      await pause(Math.max(retryAfterMs, pauseMs), this.#closing.signal);
    }
  }

  /** @returns undefined when the merchant accepted it, otherwise how long to wait at least. */
  async #attempt(event: WebhookEvent): Promise<number | undefined> {
    try {
      return await this.#merchant.execute(({ signal }) => this.#post(event, signal), { signal: this.#closing.signal });
    } catch {
      // unreachable, too slow, or not recorded: it is sent again
      return 0;
    }
  }

  async #post(event: WebhookEvent, signal: AbortSignal): Promise<number | undefined> {
    if (this.#held !== undefined) return 0;
    const body = JSON.stringify(event);
    const signature = signWebhook(this.#options.secret, body, Math.floor(Date.now() / 1000));
    const headers = { 'content-type': 'application/json', 'payment-signature': signature };
    const response = await fetch(this.#options.url, { method: 'POST', headers, body, signal });
    await response.body?.cancel();
    if (!response.ok) return Number(response.headers.get('retry-after') ?? 0) * 1000 || 0;
    await this.#options.onDelivered(event);
    return undefined;
  }
}
