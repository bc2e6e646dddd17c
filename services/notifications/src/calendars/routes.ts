import type { ZodFastify } from '@homeroom/chassis';
import type { Database, Queryable } from '@homeroom/postgres';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { renderFeed, type Feed } from './render-calendar.ts';
import { findCalendar, shownEntries, type OnUnusable } from './store.ts';

async function findFeed(db: Queryable, token: string, onUnusable: OnUnusable): Promise<Feed | undefined> {
  const calendar = await findCalendar(db, token);
  return calendar && { ...calendar, entries: await shownEntries(db, calendar.familyId, onUnusable) };
}

/** A new address may be used before a replica knows it. */
const readFeed = async (database: Database, token: string, onUnusable: OnUnusable): Promise<Feed | undefined> =>
  (await database.read(undefined, (db) => findFeed(db, token, onUnusable))) ?? findFeed(database, token, onUnusable);

/** Calendar clients cannot sign in: the address is the key, so it must not be guessable and can be changed. */
export function calendarRoutes(
  app: ZodFastify,
  { database, coopName }: { database: Database; coopName: string },
): void {
  app.get(
    '/api/calendars/:file',
    {
      schema: {
        tags: ['calendars'],
        summary: 'A family’s calendar (iCalendar), by its secret address',
        params: z.strictObject({ file: z.string().max(100).describe('<token>.ics, from the preferences') }),
        response: {
          200: { description: 'The calendar', content: { 'text/calendar': { schema: z.string() } } },
        },
        sends: ['etag'],
        problems: ['calendar_not_found'],
      },
    },
    async (request, reply) => {
      const token = /^(?<token>[\w-]{43})\.ics$/.exec(request.params.file)?.groups?.['token'];
      const onUnusable: OnUnusable = (uid, err) => request.log.warn({ err, uid }, 'calendar entry left out');
      const feed = token === undefined ? undefined : await readFeed(database, token, onUnusable);
      if (feed === undefined) throw errors.problem('calendar_not_found');
      const text = renderFeed(feed, coopName);
      const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
      void reply.headers({
        etag,
        'cache-control': 'private, max-age=300',
        'content-type': 'text/calendar; charset=utf-8',
      });
      return reply.send(text);
    },
  );
}
