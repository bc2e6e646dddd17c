import { withClient } from './with-client.ts';

/** Of the installation, not of a co-op: the directory, which every node would have whole, and what the migrations record. */
const ofInstallation = ['coops', 'schema_migrations'];

/**
 * What keeps the tables of a service from being distributed by `coop_id`, as Citus would distribute them, in sentences; none when
 * nothing does. Each co-op's rows are then on one node with all that refers to them, and each check can be made there:
 *
 * - every table has `coop_id uuid not null`, except the directory `coops` and `schema_migrations`;
 * - primary keys, unique indexes, and exclusion constraints contain `coop_id`, the latter compared for equality;
 * - foreign keys contain `coop_id` and refer to that of the other table.
 *
 * Constraints named `…_before_coops` are excepted: processes of the last release need them, and they are dropped with it. So is
 * the primary key of an outbox, whose sequence is one for all co-ops.
 * @param url of a database with the service's schema.
 * @see https://docs.citusdata.com/en/stable/develop/reference_ddl.html "Adding/Modifying Constraints"
 * @see https://www.postgresql.org/docs/18/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-LIMITATIONS for the same rule of partitions
 */
export const distributionMistakes = (url: string): Promise<string[]> =>
  withClient(url, async (client) => {
    const { rows } = await client.query<{ mistake: string }>(mistakesText, [ofInstallation]);
    return rows.map(({ mistake }) => mistake);
  });

const mistakesText = `
with tables as (
  select c.oid, c.relname::text as name, a.attnum, coalesce(a.attnotnull and a.atttypid = 'uuid'::regtype, false) as fits
  from pg_class c
  left join pg_attribute a on a.attrelid = c.oid and a.attname = 'coop_id' and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname <> all ($1)
), keys as (
  select t.name, i.relname::text as key, t.attnum, x.indisexclusion, k.conexclop,
    -- without what the index only includes
    (x.indkey::int2[])[0:x.indnkeyatts - 1] as columns
  from tables t
  join pg_index x on x.indrelid = t.oid and (x.indisunique or x.indisexclusion)
  join pg_class i on i.oid = x.indexrelid
  left join pg_constraint k on k.conindid = i.oid and k.contype = 'x'
  where t.attnum is not null and i.relname not like '%\\_before\\_coops'
    and not (t.name = 'outbox' and x.indisprimary)
)
select name || ' has no coop_id uuid not null' as mistake from tables where not fits
union all
select name || ': the key ' || key || ' does not contain coop_id' from keys where attnum <> all (columns)
union all
select name || ': the constraint ' || key || ' does not compare coop_id for equality' from keys
where indisexclusion and attnum = any (columns)
  and (select oprname from pg_operator where oid = conexclop[array_position(columns, attnum)]) <> '='
union all
select t.name || ': the foreign key ' || k.conname || ' does not refer from coop_id to coop_id'
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join tables t on t.oid = k.conrelid
left join pg_attribute other on other.attrelid = k.confrelid and other.attname = 'coop_id'
where k.contype = 'f' and k.conparentid = 0
  and (t.attnum is null or other.attnum is null
    or not exists (select from unnest(k.conkey, k.confkey) as pair (own, foreign_one)
      where pair.own = t.attnum and pair.foreign_one = other.attnum))
union all
select c.relname || ': the foreign key ' || k.conname || ' refers to rows of co-ops'
from pg_constraint k
join pg_class c on c.oid = k.conrelid
join tables t on t.oid = k.confrelid
where k.contype = 'f' and c.relname = any ($1)
order by mistake`;
