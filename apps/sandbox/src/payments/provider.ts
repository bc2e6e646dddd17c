import { createHash, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { Refusal } from '../http/app.ts';
import type { Charge, chargeBody, Entry, Ledger, Refund, refundBody } from './ledger.ts';

/** A record, and whether an earlier request with the same key created it. */
export interface Answer {
  readonly record: Charge | Refund;
  readonly replayed: boolean;
}

type RecordEntry = Exclude<Entry, { kind: 'webhook-delivered' }>;

/** The provider's books: charges, refunds, and the answer to every idempotency key. */
export class Provider {
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly #ledger: Ledger;
  readonly #answers = new Map<string, { fingerprint: string; record: Promise<Charge | Refund> }>();
  readonly #refundedCents = new Map<string, number>();
  readonly #onRecord: (record: Charge | Refund) => void;

  /** @param onRecord is called with every new record once it is in the ledger. */
  constructor(ledger: Ledger, entries: readonly Entry[], onRecord: (record: Charge | Refund) => void) {
    this.#ledger = ledger;
    this.#onRecord = onRecord;
    for (const entry of entries) {
      if (entry.kind === 'webhook-delivered') continue;
      const record = this.#enter(entry);
      this.#answers.set(record.idempotencyKey, { fingerprint: entry.fingerprint, record: Promise.resolve(record) });
    }
  }

  /** @throws {Refusal} 422 idempotency_key_reused when the key was used for something else. */
  charge(key: string, request: z.infer<typeof chargeBody>, status: Charge['status']): Promise<Answer> {
    return this.#once(key, 'charge', request, (fingerprint, createdAt) => ({
      kind: 'charge',
      fingerprint,
      charge: { id: `ch_${randomUUID()}`, status, ...request, idempotencyKey: key, createdAt },
    }));
  }

  /** @throws {Refusal} 404 charge_not_found, 422 refund_too_large or idempotency_key_reused. */
  refund(key: string, request: z.infer<typeof refundBody>): Promise<Answer> {
    return this.#once(key, 'refund', request, (fingerprint, createdAt) => {
      const charge = this.chargeOf(request.chargeId);
      const left = charge.status === 'declined' ? 0 : charge.amountCents - this.refundedCents(charge.id);
      if (request.amountCents > left) {
        throw new Refusal(422, 'refund_too_large', `At most ${left} cents can be refunded.`);
      }
      const { currency, reference } = charge;
      const id = `re_${randomUUID()}`;
      return {
        kind: 'refund',
        fingerprint,
        refund: { id, status: 'succeeded', ...request, currency, reference, idempotencyKey: key, createdAt },
      };
    });
  }

  refundedCents(chargeId: string): number {
    return this.#refundedCents.get(chargeId) ?? 0;
  }

  /** @throws {Refusal} 404 charge_not_found. */
  chargeOf(id: string): Charge {
    const charge = this.charges.get(id);
    if (charge === undefined) throw new Refusal(404, 'charge_not_found', `There is no charge ${id}.`);
    return charge;
  }

  // the key is taken before anything is awaited: of two concurrent requests, the second finds the answer of the first
  async #once(
    key: string,
    kind: 'charge' | 'refund',
    request: object,
    write: (fingerprint: string, createdAt: string) => RecordEntry,
  ): Promise<Answer> {
    const fingerprint = createHash('sha256')
      .update(`${kind} ${JSON.stringify(request)}`)
      .digest('hex');
    const before = this.#answers.get(key);
    if (before !== undefined) {
      if (before.fingerprint !== fingerprint) {
        throw new Refusal(422, 'idempotency_key_reused', 'This Idempotency-Key belongs to a different request.');
      }
      return { record: await before.record, replayed: true };
    }
    const entry = write(fingerprint, new Date().toISOString());
    const record = this.#enter(entry);
    const written = this.#ledger.append(entry).then(() => record);
    this.#answers.set(key, { fingerprint, record: written });
    await written;
    this.#onRecord(record);
    return { record, replayed: false };
  }

  #enter(entry: RecordEntry): Charge | Refund {
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
