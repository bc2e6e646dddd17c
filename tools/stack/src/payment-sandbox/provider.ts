import { createHash, randomUUID } from 'node:crypto';
import { Refusal } from '../sandbox-http/server.ts';
import type { Charge, Entry, Ledger, Refund } from './ledger.ts';

export interface ChargeRequest {
  readonly amountCents: number;
  readonly currency: string;
  readonly reference: string;
  readonly description?: string | undefined;
}
export interface RefundRequest {
  readonly chargeId: string;
  readonly amountCents: number;
}

/** An answer, and whether the same request had it before. */
export interface Answer<T> {
  readonly record: T;
  readonly replayed: boolean;
}

interface Kept {
  readonly fingerprint: string;
  readonly record: Promise<Charge | Refund>;
}

const fingerprintOf = (kind: 'charge' | 'refund', request: object): string =>
  createHash('sha256')
    .update(`${kind} ${JSON.stringify(request)}`)
    .digest('hex');

/** The provider's books: charges, refunds, and the answer to every idempotency key. */
export class Provider {
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly #ledger: Ledger;
  readonly #kept = new Map<string, Kept>();
  readonly #refundedCents = new Map<string, number>();
  readonly #onRecord: (record: Charge | Refund) => void;

  /** @param onRecord is told of every new record once it is in the ledger. */
  constructor(ledger: Ledger, entries: readonly Entry[], onRecord: (record: Charge | Refund) => void) {
    this.#ledger = ledger;
    this.#onRecord = onRecord;
    for (const entry of entries) {
      if (entry.kind === 'webhook-delivered') continue;
      const record = this.#enter(entry);
      this.#kept.set(record.idempotencyKey, { fingerprint: entry.fingerprint, record: Promise.resolve(record) });
    }
  }

  /** @throws {Refusal} 422 idempotency_key_reused when the key was used for something else. */
  charge(key: string, request: ChargeRequest, status: Charge['status']): Promise<Answer<Charge>> {
    return this.#once(key, fingerprintOf('charge', request), (fingerprint) => ({
      kind: 'charge',
      fingerprint,
      charge: {
        id: `ch_${randomUUID()}`,
        status,
        ...request,
        idempotencyKey: key,
        createdAt: new Date().toISOString(),
      },
    }));
  }

  /** @throws {Refusal} 404 charge_not_found, 422 refund_too_large or idempotency_key_reused. */
  refund(key: string, request: RefundRequest): Promise<Answer<Refund>> {
    return this.#once(key, fingerprintOf('refund', request), (fingerprint) => {
      const charge = this.charges.get(request.chargeId);
      if (charge === undefined) throw new Refusal(404, 'charge_not_found', `there is no charge ${request.chargeId}`);
      const left = charge.status === 'declined' ? 0 : charge.amountCents - this.refundedCents(charge.id);
      if (request.amountCents > left) throw new Refusal(422, 'refund_too_large', `at most ${left} can be given back`);
      const { currency, reference } = charge;
      const createdAt = new Date().toISOString();
      return {
        kind: 'refund',
        fingerprint,
        refund: {
          id: `re_${randomUUID()}`,
          status: 'succeeded',
          ...request,
          currency,
          reference,
          idempotencyKey: key,
          createdAt,
        },
      };
    }) as Promise<Answer<Refund>>;
  }

  refundedCents(chargeId: string): number {
    return this.#refundedCents.get(chargeId) ?? 0;
  }

  // the key is taken before anything is awaited: of two requests at once, the second finds the first one's answer
  async #once(
    key: string,
    fingerprint: string,
    write: (fingerprint: string) => Exclude<Entry, { kind: 'webhook-delivered' }>,
  ): Promise<Answer<Charge | Refund>> {
    const before = this.#kept.get(key);
    if (before !== undefined) {
      if (before.fingerprint !== fingerprint) {
        throw new Refusal(422, 'idempotency_key_reused', 'this Idempotency-Key belongs to a different request');
      }
      return { record: await before.record, replayed: true };
    }
    const entry = write(fingerprint);
    const record = this.#enter(entry);
    const written = this.#ledger.append(entry).then(() => record);
    this.#kept.set(key, { fingerprint, record: written });
    await written;
    this.#onRecord(record);
    return { record, replayed: false };
  }

  #enter(entry: Exclude<Entry, { kind: 'webhook-delivered' }>): Charge | Refund {
    if (entry.kind === 'charge') {
      this.charges.set(entry.charge.id, entry.charge);
      return entry.charge;
    }
    const { refund } = entry;
    this.refunds.set(refund.id, refund);
    this.#refundedCents.set(refund.chargeId, this.refundedCents(refund.chargeId) + refund.amountCents);
    return refund;
  }
}
