import { fullJitter } from '@homeroom/resilience';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pendingMigrations, readApplied } from './check-schema.ts';
import { queryOn } from './connection.ts';
import { DatabaseUnavailableError, explain, isUnavailable } from './errors.ts';
import { readMigrations } from './migration-files.ts';
import type { Result } from './queryable.ts';

export type MigrateEvent =
  | { readonly type: 'waiting'; readonly error: Error; readonly delayMs: number }
  | { readonly type: 'applied'; readonly name: string; readonly ms: number };

export interface MigrateOptions {
  /** As the role that owns the schema, to the primary itself. */
  readonly url: string;
  /** Of files named `0001_what_it_does.sql`. */
  readonly directory: string | URL;
  /** How long to wait for a database that does not answer yet. 30,000 if not given. */
  readonly waitMs?: number;
  /** A migration that waits this long for a table's lock fails instead of holding up the service's queries. 10,000 if not given. */
  readonly lockTimeoutMs?: number;
  readonly onEvent?: (event: MigrateEvent) => void;
}

/** Any number, as long as every runner uses the same. It is per database. */
const lock = 4_608_201;

/**
 * Applies what is not yet applied, each file in a transaction of its own together with its row in `schema_migrations`.
 * Runners that start together take turns; the later ones find nothing to do.
 * @throws {DatabaseUnavailableError} when another try may succeed: no answer, no such role yet, a lock held for too long.
 * @throws {Error} when a file fails, was changed after it was applied, or the database is ahead by a breaking migration.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { url, directory, waitMs = 30_000, lockTimeoutMs = 10_000, onEvent = () => undefined } = options;
  const files = await readMigrations(directory);
  const client = await connect(url, waitMs, onEvent);
  const query = <Row>(text: string, values: unknown[] = []): Promise<Result<Row>> => queryOn(client, { text, values });
  try {
    await query('select pg_advisory_lock($1)', [lock]);
    await query(`create table if not exists schema_migrations (
      version int primary key, name text not null, checksum text not null, breaking boolean not null,
      applied_at timestamptz not null default now())`);
    await query(`set lock_timeout = ${Math.round(lockTimeoutMs)}`);
    const pending = pendingMigrations(files, await readApplied({ query: ({ text }) => query(text) }));
    const applied: string[] = [];
    for (const { version, name, sql, checksum, breaking } of pending) {
      const start = performance.now();
      try {
        await query('begin');
        await query(sql);
        const text = 'insert into schema_migrations (version, name, checksum, breaking) values ($1, $2, $3, $4)';
        await query(text, [version, name, checksum, breaking]);
        await query('commit');
      } catch (error) {
        // closing the connection below rolls back
        const message = `${name}.sql failed and was rolled back: ${(error as Error).message}`;
        throw isUnavailable(error)
          ? new DatabaseUnavailableError(message, { cause: error })
          : new Error(message, { cause: error });
      }
      applied.push(name);
      onEvent({ type: 'applied', name, ms: performance.now() - start });
    }
    return { applied };
  } finally {
    await client.end();
  }
}

async function connect(url: string, waitMs: number, onEvent: (event: MigrateEvent) => void): Promise<pg.Client> {
  const deadline = performance.now() + waitMs;
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'migrate',
      connectionTimeoutMillis: 2_000,
    });
    // the running query then rejects with a better message
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (cause) {
      const error = explain(cause);
      // a role or a database that has not been created yet
      if (!isUnavailable(error)) throw new DatabaseUnavailableError(error.message, { cause });
      const delayMs = fullJitter(attempt, { baseMs: 50, maxMs: 2_000 });
      if (performance.now() + delayMs > deadline) {
        throw new DatabaseUnavailableError(`The database did not answer within ${waitMs} ms: ${error.message}`, {
          cause,
        });
      }
      onEvent({ type: 'waiting', error, delayMs });
      await sleep(delayMs);
    }
  }
}
