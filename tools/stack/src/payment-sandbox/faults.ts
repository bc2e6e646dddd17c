import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

/**
 * `slow` waits `delayMs` and then does the work, whether or not anybody still listens · `failing` answers 500 to the share
 * `rate` of the requests · `down` resets every connection and sends no webhooks · `decline` declines charges ·
 * `timeout-after-charge` does the work and says nothing: the retry with the same key hears the answer.
 */
export const faultModes = ['none', 'slow', 'failing', 'down', 'decline', 'timeout-after-charge'] as const;

export const faultsBody = z.strictObject({
  mode: z.enum(faultModes),
  delayMs: z.coerce.number().int().min(0).max(600_000).default(5000),
  rate: z.coerce.number().min(0).max(1).default(1),
  webhooks: z.enum(['once', 'twice', 'held']).default('once'),
});

export type PaymentFaults = z.infer<typeof faultsBody>;

/** The faults in force, and how often they struck. */
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

  /** Whether this request fails. Spread evenly, not drawn: at a rate of 0.25 it is every fourth. */
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

  /** @throws {AbortError} when `signal` is aborted meanwhile. */
  async slowness(signal: AbortSignal): Promise<void> {
    if (this.#current.mode === 'slow') await delay(this.#current.delayMs, undefined, { signal });
  }

  /** Waits as long as a client might, then tells that nobody shall be answered. */
  async swallowsAnswer(signal: AbortSignal): Promise<boolean> {
    if (this.#current.mode !== 'timeout-after-charge') return false;
    this.struck += 1;
    await delay(this.#current.delayMs, undefined, { signal });
    return true;
  }
}
