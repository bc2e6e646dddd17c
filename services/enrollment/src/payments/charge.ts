import type { Enrollment } from '../enrollments/enrollment.ts';

/**
 * due → charged | declined | void | refund_due → refunded. Money that was taken for a seat that is no longer wanted
 * ends in `refunded`, whichever news came first.
 */
export type ChargeState = 'due' | 'charged' | 'declined' | 'void' | 'refund_due' | 'refunded';

export interface Charge {
  readonly enrollmentId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly state: ChargeState;
  /** How often a worker has taken it up. Once is enough for the provider to have been asked. */
  readonly attempts: number;
  /** How often the provider has declined: the number of the charge that is asked for now. */
  readonly declines: number;
  readonly declinedChargeIds: readonly string[];
  /** Until when the seat is held after the first decline. */
  readonly payBy: Date | undefined;
  readonly providerChargeId: string | undefined;
}

export type ChargeOutcome =
  | { readonly kind: 'succeeded'; readonly providerChargeId: string }
  | { readonly kind: 'declined'; readonly providerChargeId: string }
  /** The provider has never heard of it, and no request can be on its way any more. */
  | { readonly kind: 'unknown-to-provider' };

/**
 * What the outcome means: the charge's next state and, for the enrollment, `confirm`, `cancel`, `hold` (the charge is tried
 * again) or nothing.
 */
export interface Settlement {
  readonly state: ChargeState;
  readonly enrollment: 'confirm' | 'cancel' | 'hold' | 'leave';
}

/** What time has to say. */
export interface Moment {
  /** The class's last day has passed: nothing is charged any more. */
  readonly ended: boolean;
  /** The seat is not held for a declined charge any longer. */
  readonly graceOver: boolean;
}

/** @returns undefined when the news changes nothing: it is a duplicate, or older than what is known. */
export function settle(
  state: ChargeState,
  enrollment: Enrollment['status'],
  outcome: ChargeOutcome,
  { ended, graceOver }: Moment,
): Settlement | undefined {
  const wanted = enrollment === 'payment_pending';
  switch (outcome.kind) {
    case 'succeeded':
      if (state === 'due') return wanted ? { state: 'charged', enrollment: 'confirm' } : refund;
      // the money came after all: it goes back
      return state === 'void' || state === 'declined' ? refund : undefined;
    case 'declined':
      if (state === 'due' && wanted && !graceOver) return { state: 'due', enrollment: 'hold' };
      if (state === 'due') return { state: 'declined', enrollment: wanted ? 'cancel' : 'leave' };
      return state === 'void' ? { state: 'declined', enrollment: 'leave' } : undefined;
    case 'unknown-to-provider':
      return state === 'due' && (!wanted || ended) ? { state: 'void', enrollment: 'leave' } : undefined;
  }
}

const refund: Settlement = { state: 'refund_due', enrollment: 'leave' };

const [firstRetryMs, lastRetryMs] = [60_000, 12 * 3_600_000];

/** When to try a declined charge again: after 1, 4, 16, 64 minutes, then twice a day. Banks punish more. */
export const declinedDelayMs = (declines: number): number => Math.min(firstRetryMs * 4 ** declines, lastRetryMs);

/**
 * What becomes of the charge when its enrollment is canceled. A charge that may be under way stays `due`: the worker
 * finds out what the provider did, and what was taken is given back. A class that has ended is not refunded.
 */
export function cancelCharge(
  charge: Charge | undefined,
  ended: boolean,
): { state: ChargeState | undefined; refundCents: number } {
  if (charge === undefined) return { state: undefined, refundCents: 0 };
  if (charge.state === 'charged' && !ended) return { state: 'refund_due', refundCents: charge.amountCents };
  if (charge.state === 'due' && charge.attempts === 0) return { state: 'void', refundCents: 0 };
  return { state: charge.state, refundCents: 0 };
}
