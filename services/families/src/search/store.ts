import type { CoopQueryable } from '@homeroom/postgres';
import type { Family } from '../families/schemas.ts';
import { familyJson } from '../families/store.ts';
import { boxesAround, type Near } from './near.ts';

/** Where a family is in the order of the list: its name or meters. */
type Position = string | number;

interface Selection {
  readonly words: string | undefined;
  readonly near: Near | undefined;
  readonly after: readonly [Position, familyId: string] | undefined;
  readonly limit: number;
}

/**
 * Families in the order of the list, after `after`. The text depends on the parameters that are given: one text
 * for all (`$1 is null or …`) would be planned once, without the indexes.
 */
export async function selectFamilies(
  db: CoopQueryable,
  { words, near, after, limit }: Selection,
): Promise<{ family: Family; position: Position }[]> {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const wheres = [`f.coop_id = ${value(db.coopId)}`];
  let order = 'f.sort_name';
  if (words !== undefined) wheres.push(`f.search_words @@ ${value(words)}::tsquery`);
  if (near !== undefined) {
    order = `round(distance_metres(f.location, point(${value(near.longitude)}, ${value(near.latitude)})))::int`;
    const [box, other = box] = boxesAround(near);
    wheres.push(`(f.location <@ ${value(box)}::box or f.location <@ ${value(other)}::box)`);
    wheres.push(`${order} <= ${value(near.km * 1_000)}::float8`);
  }
  if (after !== undefined) wheres.push(`(${order}, f.id) > (${value(after[0])}, ${value(after[1])}::uuid)`);
  const shape = [words && 'words', near && 'near', after && 'after'].filter((part) => part !== undefined);
  const { rows } = await db.query<{ family: Family; position: Position }>({
    name: ['search_families', ...shape].join('_'),
    text: `select ${familyJson} as family, ${order} as position
           from families f
           where ${wheres.join(' and ')}
           order by ${order}, f.id
           limit ${value(limit)}`,
    values,
  });
  return rows;
}
