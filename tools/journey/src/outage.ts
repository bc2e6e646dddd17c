import { enrollment } from './client/api.ts';
import type { PaymentBooks } from './client/outside.ts';
import { until } from './client/until.ts';
import { grantedOf, type Household, type Wish } from './families/household.ts';

const waitMs = 120_000;

/**
 * The payment provider's outage. It goes down after a fifth of the wishes, while seats are left. After a half it charges
 * without answering. After three quarters it works, and sends every webhook twice until the end.
 */
export class Outage {
  readonly #payments: PaymentBooks;
  readonly #wishCount: number;
  #done = 0;
  #downSince = Number.POSITIVE_INFINITY;
  /** Paid seats that were taken while it was down. */
  readonly held = new Set<string>();
  /** Calls that the provider rejected. */
  struck = 0;
  /** Charges that it made without an answer. */
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

  /** Wishes that are not sent, because their family failed before. */
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
      this.struck = await this.#struck('a call that the provider rejects');
      await this.#expectHeld(households);
      this.#downSince = Number.POSITIVE_INFINITY;
      await this.#payments.fault({ mode: 'timeout-after-charge' });
      await this.#reached(3 / 4);
      this.unanswered = await this.#struck('a charge that is not answered');
    } finally {
      this.#downSince = Number.POSITIVE_INFINITY;
      await this.#payments.fault({ mode: 'none', webhooks: 'twice' });
    }
  }

  #struck(what: string): Promise<number> {
    return until(what, async () => (await this.#payments.status()).faults.struck || undefined, { timeoutMs: waitMs });
  }

  /** No charge is possible; families keep the seats that they took. */
  async #expectHeld(households: readonly Household[]): Promise<void> {
    const some = households
      .flatMap((household) => grantedOf(household).map(({ enrollmentId }) => ({ household, enrollmentId })))
      .filter(({ household, enrollmentId }) => this.held.has(enrollmentId) && household.cancels.length === 0)
      .slice(-5);
    for (const { household, enrollmentId } of some) {
      const { status } = await household.browser.expect(['GET', `/api/enrollments/${enrollmentId}`], [200, enrollment]);
      // the family may have canceled meanwhile
      if (status !== 'payment_pending' && status !== 'cancelled')
        throw new Error(`${enrollmentId} is ${status} while the provider is down`);
    }
  }

  async #reached(share: number): Promise<void> {
    await until(
      `${Math.round(share * 100)} % of the wishes`,
      async () => (this.#done >= this.#wishCount * share ? true : undefined),
      { timeoutMs: 10 * waitMs, everyMs: 20 },
    );
  }
}
