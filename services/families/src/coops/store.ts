import { coopJson, type Coop } from '@homeroom/coops';
import type { Queryable } from '@homeroom/postgres';

export async function findCoop(db: Queryable, slug: string): Promise<Coop | undefined> {
  const { rows } = await db.query<{ coop: Coop }>({
    name: 'find_coop',
    text: `select ${coopJson} as coop from coops c where c.slug = $1`,
    values: [slug],
  });
  return rows[0]?.coop;
}

export async function findCoopById(db: Queryable, coopId: string): Promise<Coop | undefined> {
  const { rows } = await db.query<{ coop: Coop }>({
    name: 'find_coop_by_id',
    text: `select ${coopJson} as coop from coops c where c.coop_id = $1`,
    values: [coopId],
  });
  return rows[0]?.coop;
}

/** Co-ops in the order of their slugs. @param selection.after the slug before the first; empty for the start. */
export async function listCoops(db: Queryable, selection: { after: string; limit: number }): Promise<Coop[]> {
  const { rows } = await db.query<{ coop: Coop }>({
    name: 'list_coops',
    text: `select ${coopJson} as coop from coops c where c.slug > $1 order by c.slug limit $2`,
    values: [selection.after, selection.limit],
  });
  return rows.map(({ coop }) => coop);
}

/** Co-ops that are not closed, up to a limit. */
export async function listLivingCoops(db: Queryable, { limit }: { limit: number }): Promise<Coop[]> {
  const { rows } = await db.query<{ coop: Coop }>({
    name: 'list_living_coops',
    text: `select ${coopJson} as coop from coops c where c.status <> 'closed' order by c.slug limit $1`,
    values: [limit],
  });
  return rows.map(({ coop }) => coop);
}

export async function countCoops(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    name: 'count_coops',
    text: `select count(*)::int as count from coops where status <> 'closed'`,
  });
  return rows[0]?.count ?? 0;
}

/** The first of these hosts that another co-op has. */
export async function findTakenHost(db: Queryable, { coopId, hosts }: Coop): Promise<string | undefined> {
  const { rows } = await db.query<{ host: string }>({
    name: 'find_taken_host',
    text: `select host
      from coops c cross join unnest(c.hosts) as host
      where c.hosts && $2::text[] and c.coop_id <> $1 and c.status <> 'closed' and host = any($2::text[])
      limit 1`,
    values: [coopId, hosts],
  });
  return rows[0]?.host;
}
