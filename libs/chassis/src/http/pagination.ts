import { createHmac, timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import { chassisProblem, type Problem } from './errors.ts';

const sign = (text: string, key: string): Buffer => createHmac('sha256', key).update(text).digest().subarray(0, 16);

/** Signs where a list continues, the sort key of the last row sent, with CURSOR_SECRET. */
export function encodeCursor(payload: object, key: string): string {
  const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
  return `${text}.${sign(text, key).toString('base64url')}`;
}

/**
 * Reads a cursor that `encodeCursor` wrote with the same key.
 * @throws {Problem} `invalid_cursor` 422 for anything else.
 */
export function decodeCursor<S extends z.ZodType>(cursor: string, schema: S, key: string): z.infer<S> {
  const [text = '', signature = '', ...rest] = cursor.split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = sign(text, key);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw invalid('must be the `nextCursor` of a page of this list');
  }
  const parsed = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  if (!parsed.success) throw invalid('belongs to another list');
  return parsed.data;
}

const invalid = (message: string): Problem =>
  chassisProblem('invalid_cursor', undefined, { errors: [{ in: 'query', field: 'cursor', message }] });
