import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@homeroom/postgres';
import type pg from 'pg';
import { engineUrl } from './engines.ts';
import { pauseReplica, resumeReplica, waitForReplica } from './replica.ts';
import { withClient } from './with-client.ts';

export type TestDatabase = Awaited<ReturnType<typeof createTestDatabase>>;

/** A service's name, or the SQL of migrations in order; none for an empty database. */
export type Migrations = 'families' | 'enrollment' | 'notifications' | { readonly migrations: readonly string[] };

const root = new URL('../../../', import.meta.url);

/** Clones that killed runs left behind are dropped when they are older than this. */
const abandonedAfterSeconds = 1_800;

/**
 * Creates a database with the service's schema. The schema is migrated once per content of the migrations, into a template
 * that all databases are cloned from. Safe in parallel, across workers and runs.
 * @param replica whether the test reads from the replica: waits until the replica has the database.
 */
export async function createTestDatabase(service: Migrations, { replica = true } = {}) {
  const adminUrl = engineUrl('TEST_POSTGRES_URL');
  const template = await ensureTemplate(adminUrl, await readSql(service));
  const name = `t_${Math.floor(Date.now() / 1_000).toString(36)}_${randomBytes(4).toString('hex')}`;
  await withClient(adminUrl, (client) => client.query(`create database ${name} template ${template}`));
  if (replica) await waitForReplica();
  return {
    name,
    /** On the primary. */
    url: withDatabase(adminUrl, name),
    replicaUrl: withDatabase(engineUrl('TEST_POSTGRES_REPLICA_URL'), name),
    async drop(): Promise<void> {
      await withClient(adminUrl, (client) => client.query(`drop database if exists ${name} with (force)`));
    },
    waitForReplica,
    pauseReplica,
    resumeReplica,
  };
}

async function readSql(service: Migrations): Promise<readonly string[]> {
  if (typeof service !== 'string') return service.migrations;
  const folder = new URL(`services/${service}/migrations/`, root);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  return Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
}

async function ensureTemplate(adminUrl: string, sql: readonly string[]): Promise<string> {
  const template = `template_${createHash('sha256').update(JSON.stringify(sql)).digest('hex').slice(0, 24)}`;
  await withClient(adminUrl, async (client) => {
    if (await exists(client, template)) return;
    await client.query('select pg_advisory_lock(hashtext($1))', [template]);
    await dropAbandoned(client);
    if (await exists(client, template)) return;
    // built under another name: a template that has its name is complete, even after a killed run
    const building = `${template}_building`;
    await client.query(`drop database if exists ${building} with (force)`);
    await client.query(`create database ${building} template template0`);
    await migrateTo(withDatabase(adminUrl, building), sql);
    await client.query(`alter database ${building} rename to ${template}`);
  });
  return template;
}

async function migrateTo(url: string, sql: readonly string[]): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'homeroom-migrations-'));
  try {
    await Promise.all(
      sql.map((text, index) => writeFile(join(directory, `${String(index + 1).padStart(4, '0')}_test.sql`), text)),
    );
    await migrate({ url, directory });
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function exists(client: pg.Client, name: string): Promise<boolean> {
  return (await client.query('select from pg_database where datname = $1', [name])).rowCount === 1;
}

async function dropAbandoned(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select datname as name from pg_database where datname ~ '^t_[0-9a-z]+_[0-9a-f]{8}$'`,
  );
  for (const { name } of rows) {
    const age = Date.now() / 1_000 - parseInt(name.split('_')[1] ?? '', 36);
    if (age > abandonedAfterSeconds) await client.query(`drop database if exists ${name} with (force)`);
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = name;
  return changed.href;
}
