/** Runs a statement and gives its rows. */
export type ReadRows = (text: string) => Promise<readonly object[]>;

/** A fingerprint of every table's rows, by the table's name: equal when no row was added, removed, or changed. */
export async function snapshotTables(rows: ReadRows): Promise<ReadonlyMap<string, string>> {
  const tables = (await rows(
    `select quote_ident(tablename) as name from pg_tables where schemaname = 'public' order by tablename`,
  )) as readonly { name: string }[];
  const contents = tables.map(
    ({ name }) =>
      `select '${name}' as name, count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' order by md5(t::text))), '') as content from ${name} t`,
  );
  if (contents.length === 0) return new Map();
  const found = (await rows(contents.join(' union all '))) as readonly { name: string; content: string }[];
  return new Map(found.map(({ name, content }) => [name, content]));
}
