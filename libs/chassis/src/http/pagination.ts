import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { chassisProblem, type Problem } from './errors.ts';

/** What a cursor is signed with: it continues lists of this co-op only. */
export interface CursorKey {
  /** CURSOR_SECRET. */
  readonly secret: string;
  readonly coopId: string;
}

const sign = (text: string, { secret, coopId }: CursorKey): Buffer =>
  createHmac('sha256', secret).update(`${coopId}.${text}`).digest().subarray(0, 16);

/** Signs where a list continues: the sort key of the last row sent. */
export function encodeCursor(payload: object, key: CursorKey): string {
  const text = Buffer.from(JSON.stringify(payload)).toString('base64url');
  return `${text}.${sign(text, key).toString('base64url')}`;
}

/**
 * Reads a cursor that `encodeCursor` wrote with the same key; undefined without one.
 * @throws {Problem} `invalid_cursor` 422 for anything else.
 */
export function decodeCursor<S extends z.ZodType>(
  cursor: string | undefined,
  schema: S,
  key: CursorKey,
): z.infer<S> | undefined {
  if (cursor === undefined) return undefined;
  const [text = '', signature = '', ...rest] = cursor.split('.');
  const given = Buffer.from(signature, 'base64url');
  const expected = sign(text, key);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw invalid('must come from the page before');
  }
  const parsed = schema.safeParse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  if (!parsed.success) throw invalid('belongs to another list');
  return parsed.data;
}

const invalid = (message: string): Problem =>
  chassisProblem('invalid_cursor', undefined, { errors: [{ in: 'query', field: 'cursor', message }] });

/** The schema of a page of a list. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().optional() });

/**
 * A page of a list.
 * @param rows up to one row more than `limit`, which shows that there is another page.
 * @param options.cursorOf the sort key of a row: the next page begins after that of the last row.
 */
export function page<Row>(
  rows: readonly Row[],
  { limit, cursorOf, cursorKey }: { limit: number; cursorOf: (last: Row) => object; cursorKey: CursorKey },
): { items: Row[]; nextCursor?: string } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: encodeCursor(cursorOf(last), cursorKey) };
}
