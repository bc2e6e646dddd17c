import { decodeCursor, page, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { requirePrincipal, type Session } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { audienceOf, coordinators } from './notification.ts';
import { listCursor, listOperation, present, readAllOperation, readOperation } from './schemas.ts';
import { listNotifications, markRead, markReadUpTo } from './store.ts';

/** A family's guardians share its inbox, and the coordinators share theirs, as a desk does. */
export const inboxOf = ({ principal }: Session): string =>
  principal.role === 'guardian' ? audienceOf(principal.familyId) : coordinators;

export function notificationRoutes(
  app: ZodFastify,
  { database, cursorSecret }: { database: Database; cursorSecret: string },
): void {
  app.get('/api/notifications', { schema: listOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const audience = inboxOf(session);
    const { coopId } = requireCoop(request);
    const cursorKey = { secret: cursorSecret, coopId };
    const { unread, limit, cursor } = request.query;
    const from = decodeCursor(cursor, listCursor, cursorKey);
    if (from !== undefined && from.audience !== audience) throw errors.problem('invalid_cursor');
    const { items: found, unreadCount } = await database
      .ofCoop(coopId)
      .read(session.freshness, (db) =>
        listNotifications(db, { audience, before: from?.position, unread: unread === 'true', limit: limit + 1 }),
      );
    const cursorOf = ({ position }: (typeof found)[number]) => ({ audience, position });
    const { items, ...next } = page(found, { limit, cursorOf, cursorKey });
    void reply.header('cache-control', 'private, no-cache');
    return { items: items.map(present), unreadCount, ...next };
  });

  app.post('/api/notifications/:id/read', { schema: readOperation }, async (request, reply) => {
    const session = await requirePrincipal(request);
    const db = database.ofCoop(requireCoop(request).coopId);
    const found = await markRead(db, inboxOf(session), request.params.id);
    if (!found) throw errors.problem('notification_not_found');
    await session.wrote();
    return reply.status(204).send();
  });

  app.post('/api/notifications/read-all', { schema: readAllOperation }, async (request) => {
    const session = await requirePrincipal(request);
    const db = database.ofCoop(requireCoop(request).coopId);
    const unreadCount = await markReadUpTo(db, inboxOf(session), request.body.upTo);
    if (unreadCount === undefined) throw errors.problem('notification_not_found');
    await session.wrote();
    return { unreadCount };
  });
}
