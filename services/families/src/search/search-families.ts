import { decodeCursor, page, refused, type Refused } from '@homeroom/chassis';
import type { CoopDatabase, Freshness } from '@homeroom/postgres';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { prefixQuery } from '../families/words.ts';
import type { FamilyPage, FamilyQuery } from './schemas.ts';
import { selectFamilies } from './store.ts';

/** Where the previous page ended, and which search it belongs to. */
const position = z.object({ question: z.string(), after: z.tuple([z.union([z.string(), z.int()]), z.uuid()]) });

/**
 * One page of the families that have every word of `q` as the beginning of a name, nearest first with `near`, otherwise
 * by name. One query.
 * @throws {Problem} `invalid_cursor`
 */
export async function searchFamilies(
  { db, cursorSecret }: { db: CoopDatabase; cursorSecret: string },
  { q, near, limit, cursor, freshness }: FamilyQuery & { freshness: Freshness },
): Promise<FamilyPage | Refused<never>> {
  const words = q === undefined ? undefined : prefixQuery(q);
  if (q !== undefined && words === undefined) return { items: [] };
  const question = createHash('sha256')
    .update(JSON.stringify([words, near]))
    .digest('base64url')
    .slice(0, 12);
  const cursorKey = { secret: cursorSecret, coopId: db.coopId };
  const from = decodeCursor(cursor, position, cursorKey);
  if (from !== undefined && from.question !== question) {
    return refused('invalid_cursor', 'It belongs to another search.');
  }
  const rows = await db.read(freshness, (replica) =>
    selectFamilies(replica, { words, near, after: from?.after, limit: limit + 1 }),
  );
  const { items, ...next } = page(rows, {
    limit,
    cursorOf: ({ position, family }) => ({ question, after: [position, family.id] }),
    cursorKey,
  });
  const present = ({ family, position }: (typeof items)[number]) =>
    near === undefined ? family : { ...family, distanceKm: Number(position) / 1_000 };
  return { items: items.map(present), ...next };
}
