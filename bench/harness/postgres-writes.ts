import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';

/** Rows that were updated in tables, and how many of those updates touched no index: heap-only tuples. */
interface Updates {
  readonly updated: number;
  readonly hot: number;
}

export interface Writes {
  /** WAL of the period without images of whole pages, which depend on when the last checkpoint was. */
  readonly walBytes: number;
  /** Images of pages that were changed for the first time since a checkpoint. */
  readonly pageImageBytes: number;
  updatesOf(...tables: string[]): Updates;
  /** WAL of tables with their indexes, which is part of `walBytes`. */
  walBytesOf(...tables: string[]): number;
}

/**
 * Counts what `work` makes Postgres write, from the WAL itself and from the statistics of tables. Nothing else may write to
 * the server meanwhile.
 * @param client of a superuser, in the database that `work` writes to.
 * @param updates how many updates the statistics of a table must show in the end: a backend may report its own late.
 */
export async function countWrites(
  client: pg.Client,
  updates: Readonly<Record<string, number>>,
  work: () => Promise<void>,
): Promise<Writes> {
  await client.query('create extension if not exists pg_walinspect');
  const [from, before] = [await readLsn(client), await readUpdates(client)];
  await work();
  const to = await readLsn(client);
  const wal = await readWal(client, from, to);
  const byTable = await readWalByTable(client, from, to);
  const walBytesOf = (...tables: string[]): number =>
    tables.reduce((total, table) => total + (byTable.get(table) ?? 0), 0);
  const deadline = Date.now() + 30_000;
  for (;;) {
    const after = await readUpdates(client);
    const updatesOf = (...tables: string[]): Updates => {
      const sum = (figure: keyof Updates): number =>
        tables.reduce(
          (total, table) => total + (after.get(table)?.[figure] ?? 0) - (before.get(table)?.[figure] ?? 0),
          0,
        );
      return { updated: sum('updated'), hot: sum('hot') };
    };
    const late = Object.entries(updates).filter(([table, count]) => updatesOf(...table.split('+')).updated < count);
    if (late.length === 0) return { ...wal, updatesOf, walBytesOf };
    if (Date.now() > deadline) throw new Error(`the statistics lack updates of ${late.map(([name]) => name).join()}`);
    await sleep(100);
  }
}

async function readLsn(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_flush_lsn()::text as lsn');
  return rows[0]?.lsn ?? '';
}

async function readWal(
  client: pg.Client,
  ...period: [from: string, to: string]
): Promise<Pick<Writes, 'walBytes' | 'pageImageBytes'>> {
  const { rows } = await client.query<Pick<Writes, 'walBytes' | 'pageImageBytes'>>(
    `select sum(record_size)::float8 as "walBytes", sum(fpi_size)::float8 as "pageImageBytes"
     from pg_get_wal_stats($1, $2)`,
    period,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

async function readWalByTable(client: pg.Client, ...period: [from: string, to: string]): Promise<Map<string, number>> {
  const { rows } = await client.query<{ name: string; bytes: number }>(
    `with relation as (
       select pg_relation_filenode(c.oid) as filenode, coalesce(i.indrelid, c.oid)::regclass::text as name
       from pg_class c left join pg_index i on i.indexrelid = c.oid
       where c.relkind in ('r', 'i') and c.relnamespace = 'public'::regnamespace
     ), record as (
       -- an update that leaves its page is one record of two blocks
       select name, max(record_length) - coalesce(sum(block_fpi_length), 0) as bytes
       from pg_get_wal_block_info($1, $2) join relation on filenode = relfilenode
       where reldatabase = (select oid from pg_database where datname = current_database())
       group by start_lsn, name
     )
     select name, sum(bytes)::float8 as bytes from record group by name`,
    period,
  );
  return new Map(rows.map(({ name, bytes }) => [name, bytes]));
}

async function readUpdates(client: pg.Client): Promise<Map<string, Updates>> {
  const { rows } = await client.query<Updates & { name: string }>(
    'select relname as name, n_tup_upd::int as updated, n_tup_hot_upd::int as hot from pg_stat_user_tables',
  );
  return new Map(rows.map((row) => [row.name, row]));
}
