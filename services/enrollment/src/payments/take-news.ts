import { receiveOnce } from '@homeroom/outbox';
import type { Database, Transaction } from '@homeroom/postgres';
import { v5 as uuid } from 'uuid';
import { z } from 'zod';
import type { Terms } from '../enrollments/terms.ts';
import { settleCharge, settleRefund, type Settled } from './settle-charge.ts';
import { webhookData, type webhookEvent } from './schemas.ts';

/** Ids of the provider's events as UUIDs: the inbox knows no others. */
const eventIds = '9b1d3a44-2c8e-4a0e-9d2c-5f0f6f6a7c11';

export type News = z.infer<typeof webhookEvent>;

/** Takes in what a webhook tells, once, in any order. What is not ours or not known is `unknown`. */
export async function takeNews(db: Database, news: News, terms: Terms): Promise<Settled> {
  return db.transaction(async (trx) => {
    const seen = !(await receiveOnce(trx, { consumer: 'payment-webhook', eventId: uuid(news.id, eventIds) }));
    return seen ? 'stale' : settle(trx, news, terms);
  });
}

async function settle(trx: Transaction, { type, data }: News, terms: Terms): Promise<Settled> {
  const parsed = webhookData.safeParse(data);
  if (!parsed.success || !z.uuid().safeParse(parsed.data.reference).success) return 'unknown';
  const { id, reference: enrollmentId } = parsed.data;
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
