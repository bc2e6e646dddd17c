import { receiveOnce } from '@homeroom/outbox';
import type { CoopTransaction, Database } from '@homeroom/postgres';
import { v5 as uuidv5 } from 'uuid';
import { z } from 'zod';
import type { Terms } from '../seats/terms.ts';
import { webhookData, type WebhookEvent } from './schemas.ts';
import { settleCharge, settleRefund, type Settled } from './settle-charge.ts';
import { findCoopOfCharge } from './store.ts';

/** The namespace of the provider's event ids as UUIDs: the inbox stores no others. */
const eventIds = '9b1d3a44-2c8e-4a0e-9d2c-5f0f6f6a7c11';

/** Applies a webhook's event, once, in any order. An event of no charge, or of an unknown type, is `unknown`. */
export async function receiveWebhook(
  { db, terms }: { db: Database; terms: Terms },
  event: WebhookEvent,
): Promise<Settled> {
  const parsed = webhookData.safeParse(event.data);
  if (!parsed.success || !z.uuid().safeParse(parsed.data.reference).success) return 'unknown';
  const coopId = await findCoopOfCharge(db, parsed.data.reference);
  if (coopId === undefined) return 'unknown';
  return db.ofCoop(coopId).transaction(async (trx) => {
    const eventId = uuidv5(event.id, eventIds);
    const isNew = await receiveOnce(trx, { consumer: 'payment-webhook', eventId });
    return isNew ? settle(trx, event.type, parsed.data, terms) : 'stale';
  });
}

async function settle(
  trx: CoopTransaction,
  type: string,
  { id, reference: enrollmentId }: z.infer<typeof webhookData>,
  terms: Terms,
): Promise<Settled> {
  switch (type) {
    case 'charge.succeeded':
      return settleCharge(trx, { enrollmentId, outcome: { kind: 'succeeded', providerChargeId: id }, terms });
    case 'charge.declined':
      return settleCharge(trx, { enrollmentId, outcome: { kind: 'declined', providerChargeId: id }, terms });
    case 'refund.succeeded':
      return settleRefund(trx, { enrollmentId, providerRefundId: id });
    default:
      return 'unknown';
  }
}
