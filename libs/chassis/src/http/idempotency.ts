import { z } from 'zod';

/** What an Idempotency-Key may be: 1 to 255 visible ASCII characters. */
export const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/** For a route's `schema.headers`. Loose, because what a headers schema drops is gone for every hook after it. */
export const idempotencyHeaders = z.looseObject({ 'idempotency-key': idempotencyKey.optional() });
