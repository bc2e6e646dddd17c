import { readJson, validBody, type ZodFastify } from '@homeroom/chassis';
import { z } from 'zod';
import type { Deps } from '../app.ts';
import { termsOf } from '../enrollments/terms.ts';
import { errors } from '../errors.ts';
import { webhookEvent } from './schemas.ts';
import { isSigned } from './signature.ts';
import { takeNews } from './take-news.ts';

const limitBytes = 256 * 1024;

const signatureHeader = z.looseObject({
  'payment-signature': z
    .string()
    .optional()
    .describe('t=<unix seconds>,v1=<hex HMAC-SHA-256 of "t.body">, at most five minutes old'),
});

export function paymentRoutes(app: ZodFastify, { config, database, metrics }: Deps): void {
  const news = metrics.counter('payment_webhooks_total', 'News from the payment provider', ['settled_as']);
  void app.register(async (scope) => {
    // the signature is over the bytes that came, not over what JSON makes of them
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.post(
      '/api/payments/webhook',
      {
        bodyLimit: limitBytes,
        // one sender for everybody: the signature keeps strangers out, not a count per address
        config: { rateLimit: false },
        schema: {
          tags: ['payments'],
          summary: 'News from the payment provider, signed in Payment-Signature',
          headers: signatureHeader,
          receives: { 'application/json': webhookEvent },
          response: { 204: z.null().describe('Taken in, or known already') },
          problems: ['signature_invalid'],
        },
      },
      async (request, reply) => {
        const { body, headers } = request;
        const signature = headers['payment-signature'];
        const header = typeof signature === 'string' ? signature : undefined;
        const key = { secret: config.PAYMENT_WEBHOOK_SECRET, now: new Date() };
        if (!Buffer.isBuffer(body) || !isSigned(body, header, key)) throw errors.problem('signature_invalid');
        const event = validBody(webhookEvent, readJson(body, headers['content-type']));
        news.inc({ settled_as: await takeNews(database, event, termsOf(config)) });
        return reply.code(204).send(null);
      },
    );
  });
}
