/**
 * due → charged | declined | void | refund_due → refunded. Money that was taken for a seat that is no longer wanted
 * ends in `refunded`, in whichever order the outcomes arrive.
 */
export const chargeStates = ['due', 'charged', 'declined', 'void', 'refund_due', 'refunded'] as const;
export type ChargeState = (typeof chargeStates)[number];

export interface Charge {
  readonly enrollmentId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly state: ChargeState;
  /** Claims by workers so far. After the first one, the provider may have received the charge. */
  readonly attempts: number;
  /** Declines by the provider so far: the number of the next charge. */
  readonly declines: number;
  readonly declinedChargeIds: readonly string[];
  /** Until when the seat is held after the first decline: a timestamp. */
  readonly payBy?: string;
  readonly providerChargeId?: string;
}

/**
 * What becomes of the charge when its enrollment is canceled. A charge that may be under way stays `due`: the worker
 * finds out what the provider did, and refunds what was charged. A class that has ended is not refunded.
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
