import { encodeCursor } from '@homeroom/chassis';
import type { FastifyReply } from 'fastify';

/** JSON that Postgres wrote is sent as it is: no object is made of it. */
export const sendText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(text);

/** The version in a JSON text that begins with the id and the version, without parsing all of it. */
export const versionIn = (text: string): number => Number(/"version" ?: ?(\d+)/.exec(text)?.[1]);

/**
 * A page of a list as JSON text.
 * @param rows up to one row more than `limit`, which shows that there is another page.
 * @param cursorOf where the next page begins: the sort key of the last row of this one.
 */
export function pageText<Row extends { readonly text: string }>(
  rows: readonly Row[],
  { limit, cursorOf, cursorSecret }: { limit: number; cursorOf: (last: Row) => object; cursorSecret: string },
): string {
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  const next = last === undefined ? '' : `,"nextCursor":"${encodeCursor(cursorOf(last), cursorSecret)}"`;
  return `{"items":[${items.map(({ text }) => text).join(',')}]${next}}`;
}
