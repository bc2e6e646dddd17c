import type { ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { CoopDatabase, CoopQueryable, Database } from '@homeroom/postgres';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { formatOf } from '../wording/format.ts';
import { renderFeed, type Feed } from './render-calendar.ts';
import { findCalendar, shownEntries, type OnUnusable } from './store.ts';

type Shown = Parameters<typeof shownEntries>[2];

async function findFeed(db: CoopQueryable, token: string, shown: Shown): Promise<Feed | undefined> {
  const calendar = await findCalendar(db, token);
  return calendar && { ...calendar, entries: await shownEntries(db, calendar.familyId, shown) };
}

/** A new address may be used before a replica knows it. */
const readFeed = async (db: CoopDatabase, token: string, shown: Shown): Promise<Feed | undefined> =>
  (await db.read(undefined, (from) => findFeed(from, token, shown))) ?? findFeed(db, token, shown);

/** Calendar clients cannot sign in: the address is the key, so it must not be guessable and can be changed. */
export function calendarRoutes(app: ZodFastify, { database }: { database: Database }): void {
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
      const { coopId, name, locale } = requireCoop(request);
      const token = /^(?<token>[\w-]{43})\.ics$/.exec(request.params.file)?.groups?.['token'];
      const onUnusable: OnUnusable = (uid, err) => request.log.warn({ err, uid }, 'calendar entry left out');
      const shown = { format: formatOf(locale), onUnusable };
      const feed = token === undefined ? undefined : await readFeed(database.ofCoop(coopId), token, shown);
      if (feed === undefined) throw errors.problem('calendar_not_found');
      const text = renderFeed(feed, name);
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
