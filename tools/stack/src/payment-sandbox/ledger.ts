import type { Journal } from '../sandbox-http/journal.ts';

/** Money that was asked for. Declined charges are kept as well: nothing moved, but somebody asked. */
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

/** A line of the ledger's file. `fingerprint` is what the idempotency key was used for. */
export type Entry =
  | { readonly kind: 'charge'; readonly charge: Charge; readonly fingerprint: string }
  | { readonly kind: 'refund'; readonly refund: Refund; readonly fingerprint: string }
  | { readonly kind: 'webhook-delivered'; readonly eventId: string };

/** What the sandbox must not forget. */
export type Ledger = Journal<Entry>;
