import type { Queryable, Transaction } from '@homeroom/postgres';
import type { Coop } from './directory.ts';

/** A co-op as JSON, from `coops c`. */
export const coopJson = `json_build_object(
  'coopId', c.coop_id,
  'version', c.version,
  'slug', c.slug,
  'name', c.name,
  'hosts', c.hosts,
  'timeZone', c.time_zone,
  'currency', c.currency,
  'locale', c.locale,
  'status', c.status,
  'quotas', c.quotas)`;

/** Rows of one read: a co-op is about half a kilobyte. */
const batch = 2_000;

/** Co-ops that were written after `revision`, in the order of their writes, up to a batch of them. */
export async function readCoops(
  db: Queryable,
  { revision }: { revision: number },
): Promise<{ coops: Coop[]; revision: number; more: boolean }> {
  const { rows } = await db.query<{ coop: Coop; revision: number }>({
    name: 'read_coops',
    text: `select ${coopJson} as coop, c.revision from coops c where c.revision > $1 order by c.revision limit $2`,
    values: [revision, batch],
  });
  return {
    coops: rows.map(({ coop }) => coop),
    revision: rows.at(-1)?.revision ?? revision,
    more: rows.length === batch,
  };
}

/**
 * Makes every other write of a co-op wait until the end of this transaction: then revisions become visible in their order,
 * and readers that ask for those after the last one miss none. Co-ops change a few times a day.
 */
export async function lockCoops(trx: Transaction): Promise<void> {
  await trx.query({ name: 'lock_coops', text: `select pg_advisory_xact_lock(hashtextextended('coops', 0))` });
}

/** Writes a co-op unless it is here in this version or a newer one. Call `lockCoops` in the same transaction before. */
export async function saveCoop(trx: Transaction, coop: Coop): Promise<void> {
  const { coopId, version, slug, name, hosts, timeZone, currency, locale, status, quotas } = coop;
  await trx.query({
    name: 'save_coop',
    text: `insert into coops
        (coop_id, version, slug, name, hosts, time_zone, currency, locale, status, quotas, revision)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (select coalesce(max(revision), 0) + 1 from coops))
      on conflict (coop_id) do update
        set version = excluded.version,
          slug = excluded.slug,
          name = excluded.name,
          hosts = excluded.hosts,
          time_zone = excluded.time_zone,
          currency = excluded.currency,
          locale = excluded.locale,
          status = excluded.status,
          quotas = excluded.quotas,
          revision = excluded.revision
        where coops.version < excluded.version`,
    values: [coopId, version, slug, name, hosts, timeZone, currency, locale, status, JSON.stringify(quotas)],
  });
}
