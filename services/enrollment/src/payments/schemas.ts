import { foreignText } from '@homeroom/chassis';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';

/** What the provider sends. Loose: the provider may add fields and types at any time. */
export const webhookEvent = z.object({
  id: foreignText(200),
  type: foreignText(100, 0),
  data: z.unknown().optional(),
});
export type WebhookEvent = z.infer<typeof webhookEvent>;

/** Data of the types that are used here: a charge or a refund, named by our own reference. */
export const webhookData = z.object({ id: foreignText(200), reference: foreignText(200, 0) });

const signatureHeader = z.looseObject({
  'payment-signature': z
    .string()
    .optional()
    .describe('t=<unix seconds>,v1=<hex HMAC-SHA-256 of "t.body">, at most five minutes old'),
});

export const webhookOperation = {
  tags: ['payments'],
  summary: 'Receive an event of the payment provider, signed in Payment-Signature',
  headers: signatureHeader,
  receives: { 'application/json': webhookEvent },
  response: { 204: z.null().describe('Received, now or before') },
  problems: ['signature_invalid'],
} satisfies FastifySchema;
