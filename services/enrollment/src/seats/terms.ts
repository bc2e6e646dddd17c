/** How long seats are held for families that have to act. */
export interface Terms {
  /** A seat that is offered. */
  readonly offerMs: number;
  /** A seat whose charge was declined. */
  readonly graceMs: number;
}

const hourMs = 3_600_000;

export const termsOf = (config: { ENROLL_OFFER_HOURS: number; PAYMENT_GRACE_HOURS: number }): Terms => ({
  offerMs: config.ENROLL_OFFER_HOURS * hourMs,
  graceMs: config.PAYMENT_GRACE_HOURS * hourMs,
});
