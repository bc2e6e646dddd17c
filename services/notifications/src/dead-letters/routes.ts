import { decodeCursor, encodeCursor, type ZodFastify } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { requireCoordinator } from '@homeroom/sessions';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { replayDeadLetter } from './replay-dead-letter.ts';
import {
  deadLetterCursor,
  deadLetterList,
  deadLetterParams,
  deadLetterQuery,
  deadLetterWhole,
  presentItem,
  presentWhole,
} from './schemas.ts';
import { findDeadLetter, listDeadLetters } from './store.ts';

/** For coordinators only: messages hold names and addresses. */
export function deadLetterRoutes(
  app: ZodFastify,
  { database, cursorSecret }: { database: Database; cursorSecret: string },
): void {
  app.get(
    '/api/dead-letters',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Messages that no retry could help, newest first',
        querystring: deadLetterQuery,
        response: { 200: deadLetterList },
        problems: ['unauthenticated', 'forbidden_role'],
      },
    },
    async (request) => {
      const { freshness } = await requireCoordinator(request);
      const { cursor, limit, ...filter } = request.query;
      const before = decodeCursor(cursor, deadLetterCursor, cursorSecret)?.deadLetter;
      const letters = await database.read(freshness, (db) =>
        listDeadLetters(db, { ...filter, before, limit: limit + 1 }),
      );
      const page = letters.slice(0, limit);
      const last = page.at(-1);
      return {
        items: page.map(presentItem),
        ...(letters.length > limit && last ? { nextCursor: encodeCursor({ deadLetter: last.id }, cursorSecret) } : {}),
      };
    },
  );

  app.get(
    '/api/dead-letters/:id',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'One, with its message in base64',
        params: deadLetterParams,
        response: { 200: deadLetterWhole },
        problems: ['unauthenticated', 'forbidden_role', 'dead_letter_not_found'],
      },
    },
    async (request) => {
      const { freshness } = await requireCoordinator(request);
      const letter = await database.read(freshness, (db) => findDeadLetter(db, request.params.id));
      if (letter === undefined) throw errors.problem('dead_letter_not_found');
      return presentWhole(letter);
    },
  );

  app.post(
    '/api/dead-letters/:id/replay',
    {
      schema: {
        tags: ['dead letters'],
        summary: 'Send it to its topic again, byte for byte',
        params: deadLetterParams,
        response: { 204: z.void().describe('Sent again') },
        problems: [
          'unauthenticated',
          'forbidden_role',
          'dead_letter_not_found',
          'dead_letter_replayed',
          'dead_letter_not_replayable',
        ],
      },
    },
    async (request, reply) => {
      const session = await requireCoordinator(request);
      await replayDeadLetter(database, request.params.id, `coordinator ${session.principal.accountId}`);
      await session.wrote();
      return reply.status(204).send();
    },
  );
}
