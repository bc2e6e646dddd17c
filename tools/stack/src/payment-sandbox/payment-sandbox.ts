import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { Journal } from '../sandbox-http/journal.ts';
import {
  json,
  queryLimit,
  readBody,
  Refusal,
  seeOther,
  serveSandbox,
  type Reply,
  type Route,
} from '../sandbox-http/server.ts';
import { Faults, faultsBody } from './faults.ts';
import type { Charge, Entry, Refund } from './ledger.ts';
import { ledgerPage } from './pages.ts';
import { Provider, type Answer } from './provider.ts';
import { eventOf, Webhooks } from './webhooks.ts';

export interface PaymentSandboxOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where the merchant hears of charges and refunds; without it nobody is told. */
  readonly webhookUrl?: string;
  readonly webhookSecret: string;
  /** The first pause before a webhook is sent again. */
  readonly webhookRetryMs?: number;
  /** The ledger's file; without it everything is forgotten at the end. */
  readonly dataFile?: string;
}

export interface PaymentSandbox {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

const amountCents = z.int().positive().max(100_000_000);
const chargeBody = z.strictObject({
  amountCents,
  currency: z.string().regex(/^[A-Z]{3}$/),
  reference: z.string().min(1).max(200),
  description: z.string().max(500).optional(),
});
const refundBody = z.strictObject({ chargeId: z.string().min(1).max(200), amountCents });

/**
 * A payment provider as merchants meet them, with faults that can be set.
 *
 * `POST /v1/charges` `{amountCents, currency, reference, description?}` and `POST /v1/refunds` `{chargeId, amountCents}`, both
 * with `Idempotency-Key` · `GET /v1/charges` and `/v1/refunds` `?idempotencyKey=&reference=&after=&limit=`, oldest first ·
 * `GET /v1/charges/:id` · `GET|POST /sandbox/faults` · `GET /sandbox/status`. Faults concern `/v1` only.
 * @throws the listen error when the port is taken, and when the ledger's file cannot be read.
 */
export async function startPaymentSandbox(options: PaymentSandboxOptions): Promise<PaymentSandbox> {
  const { host, port, webhookUrl, webhookSecret, webhookRetryMs = 500, dataFile } = options;
  const { journal: ledger, entries } = await Journal.open<Entry>(dataFile);
  const closing = new AbortController();
  const faults = new Faults();
  const webhooks =
    webhookUrl === undefined
      ? undefined
      : new Webhooks({
          url: webhookUrl,
          secret: webhookSecret,
          retryMs: webhookRetryMs,
          onDelivered: ({ id }) => ledger.append({ kind: 'webhook-delivered', eventId: id }),
        });
  const provider = new Provider(ledger, entries, (record) => webhooks?.send(eventOf(record)));

  const post =
    <B, R extends Charge | Refund>(schema: z.ZodType<B>, work: (key: string, body: B) => Promise<Answer<R>>): Route =>
    async ({ request }) => {
      const key = idempotencyKey(request);
      const body = await readBody(request, schema);
      await faults.slowness(closing.signal);
      const { record, replayed } = await work(key, body);
      if (!replayed && (await faults.swallowsAnswer(closing.signal))) return undefined;
      return json(201, record, { 'idempotent-replayed': String(replayed) });
    };
  const withRefunds = (charge: Charge): object => ({ ...charge, refundedCents: provider.refundedCents(charge.id) });
  const status = (): object => ({
    charges: provider.charges.size,
    refunds: provider.refunds.size,
    webhooks: { pending: webhooks?.pending ?? 0, delivered: webhooks?.delivered ?? 0 },
    faults: { ...faults.current, struck: faults.struck },
  });

  const server = await serveSandbox(
    { host, port, store: ledger },
    {
      'GET /': () => ledgerPage(provider, faults.current, webhooks?.pending ?? 0),
      'POST /v1/charges': post(chargeBody, (key, body) =>
        provider.charge(key, body, faults.current.mode === 'decline' ? 'declined' : 'succeeded'),
      ),
      'POST /v1/refunds': post(refundBody, (key, body) => provider.refund(key, body)),
      'GET /v1/charges': ({ url }) => listed(url, provider.charges, withRefunds),
      'GET /v1/refunds': ({ url }) => listed(url, provider.refunds, (refund) => refund),
      'GET /v1/charges/:id': ({ params }) => {
        const charge = provider.charges.get(params['id'] ?? '');
        if (charge === undefined) throw new Refusal(404, 'charge_not_found', 'there is no such charge');
        return json(200, withRefunds(charge));
      },
      'GET /sandbox/status': () => json(200, status()),
      'GET /sandbox/faults': () => json(200, { ...faults.current, struck: faults.struck }),
      'POST /sandbox/faults': async ({ request }) => {
        faults.set(await readBody(request, faultsBody));
        if (webhooks !== undefined) {
          webhooks.paused = faults.current.mode === 'down' || faults.current.webhooks === 'held';
          webhooks.duplicates = faults.current.webhooks === 'twice';
          webhooks.pump();
        }
        return request.headers['content-type'] === 'application/json' ? json(200, faults.current) : seeOther('/');
      },
    },
    (exchange, route) => {
      if (exchange.url.pathname.startsWith('/v1/')) {
        if (faults.resetsNow()) return undefined;
        if (faults.failsNow()) throw new Refusal(500, 'provider_failing', 'failing, as asked for');
      }
      return route(exchange);
    },
  ).catch(async (error: unknown) => {
    await ledger.close();
    throw error;
  });

  // what the last run could not tell the merchant is told now
  const delivered = new Set(entries.map((entry) => (entry.kind === 'webhook-delivered' ? entry.eventId : '')));
  for (const record of [...provider.charges.values(), ...provider.refunds.values()]) {
    const event = eventOf(record);
    if (!delivered.has(event.id)) webhooks?.send(event);
  }

  return {
    port: server.port,
    url: server.url,
    close: async () => {
      closing.abort();
      await Promise.all([server.close(), webhooks?.close()]);
      await ledger.close();
    },
  };
}

function idempotencyKey({ headers }: IncomingMessage): string {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || key === '' || key.length > 255) {
    throw new Refusal(400, 'idempotency_key_missing', 'send an Idempotency-Key of 1 to 255 characters');
  }
  return key;
}

function listed<T extends Charge | Refund>(
  url: URL,
  records: ReadonlyMap<string, T>,
  show: (record: T) => object,
): Reply {
  const limit = queryLimit(url, 1000, 100);
  const after = url.searchParams.get('after');
  if (after !== null && !records.has(after)) throw new Refusal(422, 'validation_failed', 'after: no such record');
  const [key, reference] = [url.searchParams.get('idempotencyKey'), url.searchParams.get('reference')];
  const all = [...records.values()];
  const items = all
    .slice(after === null ? 0 : all.findIndex(({ id }) => id === after) + 1)
    .filter((record) => key === null || record.idempotencyKey === key)
    .filter((record) => reference === null || record.reference === reference);
  const last = items.length > limit ? items[limit - 1]?.id : undefined;
  return json(200, { items: items.slice(0, limit).map(show), ...(last === undefined ? {} : { next: last }) });
}
