import { enrollment } from './api.ts';
import { grantedOf, type Household, type Wish } from './household.ts';
import type { PaymentBooks } from './outside.ts';
import { until } from './until.ts';

const waitMs = 120_000;

/**
 * The payment provider's bad quarter of an hour. Down after a fifth of the wishes, while there still are seats; after a half
 * it is up, but charges without an answer; after three quarters it works, and says everything twice until the end.
 */
export class Outage {
  readonly #payments: PaymentBooks;
  readonly #wishCount: number;
  #done = 0;
  #downSince = Number.POSITIVE_INFINITY;
  /** Paid seats that were taken while it lasted. */
  readonly held = new Set<string>();
  /** Calls that the provider did not take. */
  struck = 0;
  /** Charges that it made and said nothing of. */
  unanswered = 0;

  constructor(payments: PaymentBooks, wishCount: number) {
    this.#payments = payments;
    this.#wishCount = wishCount;
  }

  wishDone({ outcome }: Wish, startedAt: number): void {
    this.#done += 1;
    if (outcome.kind === 'seat' && outcome.status === 'payment_pending' && startedAt > this.#downSince)
      this.held.add(outcome.enrollmentId);
  }

  /** Wishes that will never be made, because their family ran into something else. */
  skip(wishes: number): void {
    this.#done += wishes;
  }

  /** Runs beside the wishes; ends when the provider is back. */
  async run(households: readonly Household[]): Promise<void> {
    try {
      await this.#reached(1 / 5);
      await this.#payments.fault({ mode: 'down' });
      this.#downSince = Date.now();
      await this.#reached(1 / 2);
      this.struck = await this.#felt('a call that the provider does not take');
      await this.#expectHeld(households);
      this.#downSince = Number.POSITIVE_INFINITY;
      await this.#payments.fault({ mode: 'timeout-after-charge' });
      await this.#reached(3 / 4);
      this.unanswered = await this.#felt('a charge that is not answered');
    } finally {
      this.#downSince = Number.POSITIVE_INFINITY;
      await this.#payments.fault({ mode: 'none', webhooks: 'twice' });
    }
  }

  #felt(what: string): Promise<number> {
    return until(what, async () => (await this.#payments.status()).faults.struck || undefined, { timeoutMs: waitMs });
  }

  /** Nobody can have paid; whoever took a seat keeps it. */
  async #expectHeld(households: readonly Household[]): Promise<void> {
    const some = households
      .flatMap((household) => grantedOf(household).map(({ enrollmentId }) => ({ household, enrollmentId })))
      .filter(({ household, enrollmentId }) => this.held.has(enrollmentId) && household.cancels.length === 0)
      .slice(-5);
    for (const { household, enrollmentId } of some) {
      const { status } = await household.browser.expect(['GET', `/api/enrollments/${enrollmentId}`], [200, enrollment]);
      // its own family may have changed its mind meanwhile
      if (status !== 'payment_pending' && status !== 'cancelled')
        throw new Error(`${enrollmentId} is ${status} while the provider is down`);
    }
  }

  async #reached(share: number): Promise<void> {
    await until(
      `${Math.round(share * 100)} % of the wishes`,
      async () => (this.#done >= this.#wishCount * share ? true : undefined),
      {
        timeoutMs: 10 * waitMs,
        everyMs: 20,
      },
    );
  }
}
