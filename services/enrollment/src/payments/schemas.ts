import { foreignText } from '@homeroom/chassis';
import { z } from 'zod';

const charge = z.object({ id: foreignText(200), reference: foreignText(200, 0) });

/** What the provider tells. Loose: the provider may add fields, and types, whenever it likes. */
export const webhookEvent = z.object({
  id: foreignText(200),
  type: foreignText(100, 0),
  data: z.unknown().optional(),
});

/** Data of the types that mean something here: a charge or a refund, named by our own reference. */
export const webhookData = charge;
