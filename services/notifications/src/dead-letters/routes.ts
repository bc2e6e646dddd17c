import { accepted, decodeCursor, page, type ZodFastify } from '@homeroom/chassis';
import { requireCoop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { replayDeadLetter } from './replay-dead-letter.ts';
import {
  deadLetterCursor,
  listOperation,
  presentItem,
  presentWhole,
  readOperation,
  replayOperation,
} from './schemas.ts';
import { findDeadLetter, listDeadLetters } from './store.ts';

/** For coordinators only, of their own co-op: messages hold names and addresses. */
export function deadLetterRoutes(
  app: ZodFastify,
  { database, cursorSecret }: { database: Database; cursorSecret: string },
): void {
  app.get('/api/dead-letters', { schema: listOperation }, async (request) => {
    const { freshness } = await requireCoordinator(request);
    const { coopId } = requireCoop(request);
    const cursorKey = { secret: cursorSecret, coopId };
    const { cursor, limit, ...filter } = request.query;
    const after = decodeCursor(cursor, deadLetterCursor, cursorKey)?.deadLetter;
    const query = { ...filter, after, limit: limit + 1 };
    const letters = await database.ofCoop(coopId).read(freshness, (db) => listDeadLetters(db, query));
    const { items, ...next } = page(letters, { limit, cursorOf: ({ id }) => ({ deadLetter: id }), cursorKey });
    return { items: items.map(presentItem), ...next };
  });

  app.get('/api/dead-letters/:id', { schema: readOperation }, async (request) => {
    const { freshness } = await requireCoordinator(request);
    const { coopId } = requireCoop(request);
    const letter = await database.ofCoop(coopId).read(freshness, (db) => findDeadLetter(db, request.params.id));
    if (letter === undefined) throw errors.problem('dead_letter_not_found');
    return presentWhole(letter);
  });

  app.post('/api/dead-letters/:id/replay', { schema: replayOperation }, async (request, reply) => {
    const session = await requireCoordinator(request);
    const by = `coordinator ${session.principal.accountId}`;
    const db = database.ofCoop(requireCoop(request).coopId);
    accepted(errors, await replayDeadLetter(db, request.params.id, by));
    await session.wrote();
    return reply.status(204).send();
  });
}
