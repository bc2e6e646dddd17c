import { z } from 'zod';
import type { Journal } from '../journal/journal.ts';

const amountCents = z.int().positive().max(100_000_000);
export const chargeBody = z.strictObject({
  amountCents,
  currency: z.string().regex(/^[A-Z]{3}$/),
  /** The merchant's own name for what is paid. */
  reference: z.string().min(1).max(200),
  description: z.string().max(500).optional(),
});
export const refundBody = z.strictObject({ chargeId: z.string().min(1).max(200), amountCents });

/** Money that was asked for. Declined charges are recorded as well. */
export interface Charge extends Readonly<z.infer<typeof chargeBody>> {
  readonly id: string;
  readonly status: 'succeeded' | 'declined';
  readonly idempotencyKey: string;
  readonly createdAt: string;
}

export interface Refund extends Readonly<z.infer<typeof refundBody>> {
  readonly id: string;
  readonly status: 'succeeded';
  readonly currency: string;
  readonly reference: string;
  readonly idempotencyKey: string;
  readonly createdAt: string;
}

/** A line of the ledger's file. `fingerprint` identifies the request that used the idempotency key. */
export type Entry =
  | { readonly kind: 'charge'; readonly charge: Charge; readonly fingerprint: string }
  | { readonly kind: 'refund'; readonly refund: Refund; readonly fingerprint: string }
  | { readonly kind: 'webhook-delivered'; readonly eventId: string };

/** What must survive a restart. */
export type Ledger = Journal<Entry>;
