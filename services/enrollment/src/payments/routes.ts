import { readJson, validBody, type Metrics, type ZodFastify } from '@homeroom/chassis';
import { errors } from '../errors.ts';
import { receiveWebhook } from './receive-webhook.ts';
import { webhookEvent, webhookOperation } from './schemas.ts';
import { isSigned } from './signature.ts';

const options = {
  bodyLimit: 256 * 1024,
  // the provider is one client for all families: its signature protects the route, not a limit per address
  // the provider knows one address for all co-ops, and what it has charged is charged, also of a suspended one
  config: { rateLimit: false, withoutCoop: true },
  schema: webhookOperation,
};

type PaymentDeps = Parameters<typeof receiveWebhook>[0] & { readonly metrics: Metrics; readonly webhookSecret: string };

export function paymentRoutes(app: ZodFastify, { webhookSecret: secret, metrics, ...deps }: PaymentDeps): void {
  const webhooks = metrics.counter('payment_webhooks_total', 'Webhooks of the payment provider', ['settled_as']);
  void app.register(async (scope: ZodFastify) => {
    // the signature is over the bytes as sent, not over parsed JSON
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post('/api/payments/webhook', options, async (request, reply) => {
      const { body, headers } = request;
      const signature = headers['payment-signature'];
      const header = typeof signature === 'string' ? signature : undefined;
      if (!Buffer.isBuffer(body) || !isSigned(body, header, { secret, now: new Date() })) {
        throw errors.problem('signature_invalid');
      }
      const event = validBody(webhookEvent, readJson(body, headers['content-type']));
      webhooks.inc({ settled_as: await receiveWebhook(deps, event) });
      return reply.code(204).send(null);
    });
  });
}
