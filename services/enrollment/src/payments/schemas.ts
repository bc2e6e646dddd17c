import { z } from 'zod';

const charge = z.object({ id: z.string().min(1).max(200), reference: z.string().max(200) });

/** What the provider tells. Loose: the provider may add fields, and types, whenever it likes. */
export const webhookEvent = z.object({
  id: z.string().min(1).max(200),
  type: z.string().max(100),
  data: z.unknown().optional(),
});

/** Data of the types that mean something here: a charge or a refund, named by our own reference. */
export const webhookData = charge;
