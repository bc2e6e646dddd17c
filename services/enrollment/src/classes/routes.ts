import type { Cache } from '@homeroom/cache';
import { decodeCursor, versionTag, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import type { Freshness } from '@homeroom/sessions';
import type { FastifyRequest } from 'fastify';
import { errors } from '../errors.ts';
import { pageText, sendText, versionIn } from '../json-text.ts';
import { classKey } from './open-class-cache.ts';
import { readOperation, searchCursor, searchOperation } from './schemas.ts';
import { findClassText, searchClasses } from './store.ts';

/** Browsers revalidate each time; a CDN may serve a response for two seconds. */
const publicFor2s = 'public, max-age=0, s-maxage=2, must-revalidate';

export function classRoutes(
  app: ZodFastify,
  { db, classes, cursorSecret }: { db: Database; classes: Cache; cursorSecret: string },
): void {
  app.get('/api/classes', { schema: searchOperation }, async (request, reply) => {
    const { cursor, limit, ...search } = request.query;
    const { coopId } = requireCoop(request);
    const cursorKey = { secret: cursorSecret, coopId };
    const after = decodeCursor(cursor, searchCursor, cursorKey);
    const rows = await db
      .ofCoop(coopId)
      .read(await freshnessOf(request), (reader) => searchClasses(reader, { ...search, after, limit: limit + 1 }));
    const text = pageText(rows, { limit, cursorOf: ({ title, id }) => ({ title, id }), cursorKey });
    reply.header('cache-control', request.headers.cookie === undefined ? publicFor2s : 'private, no-cache');
    return sendText(reply, text);
  });

  app.get('/api/classes/:classId', { schema: readOperation }, async (request, reply) => {
    const { classId } = request.params;
    const { coopId } = requireCoop(request);
    const key = classKey(coopId, classId);
    // from the primary: a lagging replica would restore in the cache what an event has just invalidated
    const text = classes.peek(key) ?? (await classes.get(key, () => findClassText(db.ofCoop(coopId), classId)));
    if (text === undefined) throw errors.problem('class_not_found');
    reply.header('cache-control', publicFor2s).header('etag', versionTag(versionIn(text)));
    return sendText(reply, text);
  });
}

/** The catalog is public. When sessions are unavailable, the caller's last write is unknown: the primary answers. */
async function freshnessOf(request: FastifyRequest): Promise<Freshness | undefined> {
  try {
    return (await request.session())?.freshness;
  } catch (error) {
    request.log.warn({ err: error }, 'sessions unavailable, catalog read from the primary');
    return { mark: 'primary', advance: () => Promise.resolve() };
  }
}
