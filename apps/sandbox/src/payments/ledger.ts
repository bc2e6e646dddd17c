import type { Journal } from '../journal/journal.ts';

/** Money that was asked for. Declined charges are recorded as well. */
export interface Charge {
  readonly id: string;
  readonly status: 'succeeded' | 'declined';
  readonly amountCents: number;
  readonly currency: string;
  /** The merchant's own name for what is paid. */
  readonly reference: string;
  readonly description?: string | undefined;
  readonly idempotencyKey: string;
  readonly createdAt: string;
}

export interface Refund {
  readonly id: string;
  readonly status: 'succeeded';
  readonly chargeId: string;
  readonly amountCents: number;
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
