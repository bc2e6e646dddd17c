import { page } from '@homeroom/chassis';
import type { FastifyReply } from 'fastify';

/** JSON that Postgres wrote is sent as it is: no object is made of it. */
export const sendText = (reply: FastifyReply, text: string): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(text);

/** The version in a JSON text that begins with the id and the version, without parsing all of it. */
export const versionIn = (text: string): number => Number(/"version" ?: ?(\d+)/.exec(text)?.[1]);

/** `page` as JSON text. */
export function pageText<Row extends { readonly text: string }>(
  rows: readonly Row[],
  options: Parameters<typeof page<Row>>[1],
): string {
  const { items, nextCursor } = page(rows, options);
  const next = nextCursor === undefined ? '' : `,"nextCursor":"${nextCursor}"`;
  return `{"items":[${items.map(({ text }) => text).join(',')}]${next}}`;
}
