import { z } from 'zod';

/** What an Idempotency-Key may be: 1 to 255 visible ASCII characters. */
const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 letters, digits, and punctuation marks, without spaces and accents');

/** For a route's `schema.headers`. Loose: a header that the schema drops is missing in every later hook. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': idempotencyKey.optional() });
