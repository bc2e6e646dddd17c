import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { faultRoutes, limit, Refusal, serve, type App, type Server } from '../http/app.ts';
import { pageHeaders } from '../http/page.ts';
import { Journal } from '../journal/journal.ts';
import { Faults, faultsBody } from './faults.ts';
import { chargeBody, refundBody, type Charge, type Entry, type Refund } from './ledger.ts';
import { ledgerPage } from './pages.ts';
import { Provider, type Answer } from './provider.ts';
import { eventOf, Webhooks } from './webhooks.ts';

export interface PaymentSandboxOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Where webhooks are sent; without it none are. */
  readonly webhookUrl?: string;
  readonly webhookSecret: string;
  /** The first pause before a webhook is sent again. */
  readonly webhookRetryMs?: number;
  /** The ledger's file; without it the ledger does not survive a restart. */
  readonly dataFile?: string;
}

interface World {
  readonly faults: Faults;
  readonly provider: Provider;
  readonly webhooks: Webhooks | undefined;
  /** Aborts when the sandbox closes. */
  readonly closing: AbortSignal;
}

const listQuery = z.object({
  idempotencyKey: z.string().optional(),
  reference: z.string().optional(),
  after: z.string().optional(),
  limit,
});

/**
 * A payment provider as merchants see it, with faults that can be set.
 *
 * `POST /v1/charges` `{amountCents, currency, reference, description?}` and `POST /v1/refunds` `{chargeId, amountCents}`, both
 * with `Idempotency-Key` · `GET /v1/charges` and `/v1/refunds` `?idempotencyKey=&reference=&after=&limit=`, oldest first ·
 * `GET /v1/charges/:id` · `GET|POST /sandbox/faults` · `GET /sandbox/status`. Faults affect `/v1` only.
 * @throws the listen error when the port is taken, and when the ledger's file cannot be read.
 */
export async function startPaymentSandbox(options: PaymentSandboxOptions): Promise<Server> {
  const { host, port, webhookUrl, webhookSecret, webhookRetryMs = 500, dataFile } = options;
  const { journal: ledger, entries } = await Journal.open<Entry>(dataFile);
  const closing = new AbortController();
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
  const world = { faults: new Faults(), provider, webhooks, closing: closing.signal };
  const server = await serve({ host, port, store: ledger }, (app) => {
    sandboxRoutes(app, world);
    app.register(async (v1: App) => providerRoutes(v1, world));
  }).catch(async (error: unknown) => {
    await ledger.close();
    throw error;
  });

  // what the last run could not deliver
  const delivered = new Set(entries.map((entry) => (entry.kind === 'webhook-delivered' ? entry.eventId : '')));
  for (const record of [...provider.charges.values(), ...provider.refunds.values()]) {
    const event = eventOf(record);
    if (!delivered.has(event.id)) webhooks?.send(event);
  }
  return {
    ...server,
    close: async () => {
      closing.abort();
      await Promise.all([server.close(), webhooks?.close()]);
      await ledger.close();
    },
  };
}

function sandboxRoutes(app: App, { faults, provider, webhooks }: World): void {
  app.get('/', (_request, reply) =>
    reply.headers(pageHeaders).send(ledgerPage(provider, faults.current, webhooks?.pending ?? 0)),
  );
  const faultStatus = (): object => ({ ...faults.current, struck: faults.struck });
  app.get('/sandbox/status', () => ({
    charges: provider.charges.size,
    refunds: provider.refunds.size,
    webhooks: { pending: webhooks?.pending ?? 0, delivered: webhooks?.delivered ?? 0 },
    faults: faultStatus(),
  }));
  faultRoutes(app, faultsBody, faultStatus, (next) => {
    faults.set(next);
    if (webhooks === undefined) return;
    webhooks.paused = next.mode === 'down' || next.webhooks === 'held';
    webhooks.duplicates = next.webhooks === 'twice';
  });
}

function providerRoutes(v1: App, { faults, provider, closing }: World): void {
  v1.addHook('onRequest', async (_request, reply) => {
    if (faults.resetsNow()) return reset(reply);
    if (faults.failsNow()) throw new Refusal(500, 'provider_failing', 'The fault mode is failing.');
  });

  const post = <B>(url: string, body: z.ZodType<B>, work: (key: string, body: B) => Promise<Answer>): void => {
    v1.post(url, { schema: { body } }, async (request, reply) => {
      const key = idempotencyKey(request);
      await faults.slowness(closing);
      const { record, replayed } = await work(key, request.body as B);
      if (!replayed && (await faults.swallowsAnswer(closing))) return reset(reply);
      return reply.code(201).header('idempotent-replayed', String(replayed)).send(record);
    });
  };
  post('/v1/charges', chargeBody, (key, body) =>
    provider.charge(key, body, faults.current.mode === 'decline' ? 'declined' : 'succeeded'),
  );
  post('/v1/refunds', refundBody, (key, body) => provider.refund(key, body));

  const withRefunds = (charge: Charge): object => ({ ...charge, refundedCents: provider.refundedCents(charge.id) });
  v1.get('/v1/charges', { schema: { querystring: listQuery } }, ({ query }) =>
    listed(query, provider.charges, withRefunds),
  );
  v1.get('/v1/refunds', { schema: { querystring: listQuery } }, ({ query }) =>
    listed(query, provider.refunds, (refund) => refund),
  );
  v1.get('/v1/charges/:id', { schema: { params: z.object({ id: z.string() }) } }, ({ params: { id } }) =>
    withRefunds(provider.chargeOf(id)),
  );
}

/** Drops the connection without a response. */
function reset<R extends Pick<FastifyReply, 'hijack' | 'raw'>>(reply: R): R {
  reply.hijack();
  reply.raw.req.socket.resetAndDestroy();
  return reply;
}

function idempotencyKey({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const key = headers['idempotency-key'];
  if (typeof key !== 'string' || key === '' || key.length > 255) {
    throw new Refusal(400, 'idempotency_key_missing', 'Send an Idempotency-Key of 1 to 255 characters.');
  }
  return key;
}

function listed<T extends Charge | Refund>(
  query: z.infer<typeof listQuery>,
  records: ReadonlyMap<string, T>,
  show: (record: T) => object,
): object {
  const { after, idempotencyKey: key, reference, limit: most } = query;
  const all = [...records.values()];
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) throw new Refusal(422, 'validation_failed', 'after: no such record');
  const items = all
    .slice(start)
    .filter((record) => key === undefined || record.idempotencyKey === key)
    .filter((record) => reference === undefined || record.reference === reference);
  const next = items.length > most ? items[most - 1]?.id : undefined;
  return { items: items.slice(0, most).map(show), next };
}
