import { z } from 'zod';

const digits = /^-?\d{1,15}$/;
const read = (given: unknown): unknown => (typeof given === 'string' && digits.test(given) ? Number(given) : given);

/**
 * A whole number in a query string. Only digits: `z.coerce` would take an empty value for 0 and `1e3` for 1000, and is
 * refused where a route is declared.
 */
export const integerParameter = (min: number, max: number) =>
  z.preprocess(read, z.int('must be a whole number').min(min).max(max));

/** How many items a page has. */
export const limitParameter = integerParameter(1, 100).default(20);

/** Where a list continues, as `encodeCursor` wrote it. */
export const cursorParameter = z
  .string()
  .max(1_000)
  .optional()
  // decodeCursor refuses it, with a code of its own
  .meta({ description: '`nextCursor` of the page before', pattern: '^[\\w-]+\\.[\\w-]{22}$' });
