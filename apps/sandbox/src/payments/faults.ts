import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/**
 * `slow` waits `delayMs` before the work, even if the client has disconnected · `failing` answers 500 to the share `rate` of the
 * requests · `down` resets every connection and sends no webhooks · `decline` declines charges · `timeout-after-charge` does the
 * work and sends no response: a retry with the same key gets it.
 */
export const faultModes = ['none', 'slow', 'failing', 'down', 'decline', 'timeout-after-charge'] as const;

export const faultsBody = z.strictObject({
  mode: z.enum(faultModes),
  delayMs: z.coerce.number().int().min(0).max(600_000).default(5000),
  rate: z.coerce.number().min(0).max(1).default(1),
  webhooks: z.enum(['once', 'twice', 'held']).default('once'),
});

export type PaymentFaults = z.infer<typeof faultsBody>;

/** The active faults, and how often they took effect. */
export class Faults {
  #current: PaymentFaults = faultsBody.parse({ mode: 'none' });
  #share = 0;
  /** Requests that were reset or failed since the faults were set. */
  struck = 0;

  get current(): PaymentFaults {
    return this.#current;
  }

  set(faults: PaymentFaults): void {
    this.#current = faults;
    this.#share = 0;
    this.struck = 0;
  }

  /** Whether this request fails. Spread evenly, not at random: a rate of 0.25 fails every fourth. */
  failsNow(): boolean {
    if (this.#current.mode !== 'failing') return false;
    this.#share += this.#current.rate;
    if (this.#share < 1) return false;
    this.#share -= 1;
    this.struck += 1;
    return true;
  }

  resetsNow(): boolean {
    if (this.#current.mode !== 'down') return false;
    this.struck += 1;
    return true;
  }

  /** @throws {AbortError} when `signal` aborts meanwhile. */
  async slowness(signal: AbortSignal): Promise<void> {
    if (this.#current.mode === 'slow') await delay(this.#current.delayMs, undefined, { signal });
  }

  /** Waits as long as a client might, then returns whether the response is dropped. */
  async swallowsAnswer(signal: AbortSignal): Promise<boolean> {
    if (this.#current.mode !== 'timeout-after-charge') return false;
    this.struck += 1;
    await delay(this.#current.delayMs, undefined, { signal });
    return true;
  }
}
