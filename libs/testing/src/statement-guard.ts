import type pg from 'pg';
import { StatementReader, type Schema } from './statement-reader.ts';
import { coopOf, type Place, type Scope } from './statement-places.ts';
import { withClient } from './with-client.ts';

export interface GuardedStatement {
  readonly name: string;
  readonly text: string;
}

/** What a guard sees in a statement. */
export interface Guarded {
  /** Whether it says that it looks over the rows of all co-ops on purpose. */
  readonly overEveryCoop: boolean;
  /** Whether it uses a table whose rows belong to co-ops. */
  readonly usesTenants: boolean;
  /** Sentences, none for a statement that is as it must be. */
  readonly findings: readonly string[];
}

export type StatementGuard = (statement: GuardedStatement) => Guarded;

const comment = '/* every co-op */';

/**
 * Opens a guard for the statements of a service. It parses them with the parser of Postgres itself. A tenant table is one that has a
 * `coop_id`, except `coops`. Each time that a statement uses one,
 *
 * - its `coop_id` must be equal to a parameter, or to a `coop_id` that is, in a condition that holds for every row: `and`, not
 *   `or`; a `where`, or the `on` or `using` of a join. `coop_id = any ($1)` is no equality;
 * - an insert lists `coop_id` and gives it such a value; a target of `on conflict` contains it; no update changes it;
 * - the whole statement names its co-op by one parameter.
 *
 * A statement with the comment `every co-op` needs no parameter, but what it joins it joins by `coop_id` as well, and its inserts list
 * it. What functions and triggers of the schema do, and which value a parameter has, no parser can see: the tests with two
 * co-ops do.
 * @param url of a database with the service's schema.
 * @example
 * const guard = await openStatementGuard(testDatabase.url);
 * guard({ name: 'class', text: 'select from classes where class_id = $1' }).findings;
 * // ['class: the coop_id of classes is equal to no parameter. …']
 */
export async function openStatementGuard(url: string): Promise<StatementGuard> {
  // only what guards statements loads the parser
  const { loadModule, parseSync } = await import('libpg-query');
  await loadModule();
  const schema = await withClient(url, readSchema);
  return ({ name, text }) => {
    const reader = new StatementReader(schema);
    for (const { stmt } of parseSync(text).stmts ?? []) if (stmt !== undefined) reader.read(stmt);
    const overEveryCoop = text.includes(comment);
    const findings = overEveryCoop ? findingsOverAll(reader) : findingsOfOne(reader);
    return {
      overEveryCoop,
      usesTenants: reader.uses.length + reader.mistakes.length > 0,
      findings: [...new Set(findings)].map((finding) => `${name}: ${finding}`),
    };
  };
}

function findingsOfOne({ uses, places, mistakes, unlisted }: StatementReader): string[] {
  const pinned = places.pinned();
  const parameters = new Set(uses.flatMap(({ place }) => [...(pinned.get(place) ?? [])]));
  return [
    ...mistakes,
    ...unlisted,
    ...uses
      .filter(({ place }) => !pinned.has(place))
      .map(
        ({ what }) =>
          `the coop_id of ${what} is equal to no parameter. Compare it with one, or with a coop_id that is.`,
      ),
    ...(parameters.size > 1
      ? [`the co-op is named by ${[...parameters].map((number) => `$${number}`).join(' and ')}. Use one parameter.`]
      : []),
  ];
}

/** A statement for all co-ops needs no parameter, but keeps them apart. */
function findingsOverAll({ uses, places, scopes, mistakes }: StatementReader): string[] {
  const pinned = places.pinned();
  if (uses.length > 0 && mistakes.length === 0 && uses.every(({ place }) => pinned.has(place)))
    return [`it is about one co-op. Remove the comment ${comment}.`];
  const apart = scopes.map(relationsWithCoop).filter((relations) => {
    const isJoined = ({ place: from }: { place: Place }): boolean => {
      const reached = places.pinned(from);
      return relations.every(({ place }) => reached.has(place));
    };
    return relations.length > 1 && !relations.some(isJoined);
  });
  return [
    ...mistakes,
    ...apart.map((relations) => `${relations.map(({ name }) => name).join(' and ')} are not joined by coop_id.`),
  ];
}

const relationsWithCoop = ({ relations }: Scope): { name: string; place: Place }[] =>
  relations.flatMap((relation) => {
    const place = coopOf(relation);
    return place === undefined ? [] : [{ name: relation.name, place }];
  });

async function readSchema(client: pg.Client): Promise<Schema> {
  const { rows: tables } = await client.query<{ name: string; columns: string[] }>(
    `select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') group by c.relname`,
  );
  const { rows: constraints } = await client.query<{ name: string; columns: string[] }>(
    `select c.conname as name, array_agg(a.attname::text) as columns
      from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
      where c.connamespace = 'public'::regnamespace and c.contype in ('p', 'u', 'x') group by c.conname`,
  );
  return {
    columns: new Map(tables.map(({ name, columns }) => [name, columns])),
    constraints: new Map(constraints.map(({ name, columns }) => [name, columns])),
    tenants: new Set(
      tables.filter(({ name, columns }) => name !== 'coops' && columns.includes('coop_id')).map(({ name }) => name),
    ),
  };
}
