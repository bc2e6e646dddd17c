import type { ChargeState } from '../seats/charge.ts';
import type { Status } from '../seats/enrollment.ts';

export type ChargeOutcome =
  | { readonly kind: 'succeeded'; readonly providerChargeId: string }
  | { readonly kind: 'declined'; readonly providerChargeId: string }
  /** The provider does not know it, and no request can be under way any more. */
  | { readonly kind: 'unknown-to-provider' };

/**
 * What the outcome means: the charge's next state and, for the enrollment, `confirm`, `cancel`, `hold` (the charge is tried
 * again) or nothing.
 */
export interface Settlement {
  readonly state: ChargeState;
  readonly enrollment: 'confirm' | 'cancel' | 'hold' | 'leave';
}

/** Deadlines that may have passed. */
export interface Moment {
  /** The class's last day has passed: nothing is charged any more. */
  readonly ended: boolean;
  /** The seat is not held for a declined charge any longer. */
  readonly graceOver: boolean;
}

/** @returns undefined when the outcome changes nothing: it is a duplicate, or older than what is known. */
export function settle(
  state: ChargeState,
  enrollment: Status,
  outcome: ChargeOutcome,
  { ended, graceOver }: Moment,
): Settlement | undefined {
  const wanted = enrollment === 'payment_pending';
  switch (outcome.kind) {
    case 'succeeded':
      if (state === 'due') return wanted ? { state: 'charged', enrollment: 'confirm' } : refund;
      // charged although no longer wanted
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

/** When to try a declined charge again: after 1, 4, 16, 64 minutes, then twice a day. Banks penalize more attempts. */
export const declinedDelayMs = (declines: number): number => Math.min(firstRetryMs * 4 ** declines, lastRetryMs);
