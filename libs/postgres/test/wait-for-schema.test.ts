import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { migrate, openDatabase, type Database } from '@homeroom/postgres';
import { startFaultProxy, waitFor, type TestDatabase } from '@homeroom/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitForSchema } from '../src/wait-for-schema.ts';
import { createUnmigrated } from './unmigrated.ts';

let directory: string;
let opened: TestDatabase;
let databases: Database[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  await writeFile(join(directory, '0001_pets.sql'), 'create table pets (name text);');
  opened = await createUnmigrated();
  databases = [];
});
afterEach(async () => {
  await Promise.all(databases.map((database) => database.close()));
  await opened.drop();
  await rm(directory, { recursive: true });
});

function open(primaryUrl = opened.url): Database {
  const pools = { poolSize: 2, replicaPoolSize: 1, applicationName: 'wait-test' };
  const database = openDatabase({ primaryUrl, replicaUrls: [], ...pools });
  databases.push(database);
  return database;
}

/** Waits on `database`; `reasons` fills with each new reason. */
function wait(database: Database, { waitMs = 20_000, signal }: { waitMs?: number; signal?: AbortSignal } = {}) {
  const reasons: string[] = [];
  const onWaiting = (reason: string): void => void reasons.push(reason);
  const done = waitForSchema(database, directory, { waitMs, ...(signal === undefined ? {} : { signal }), onWaiting });
  return { done, reasons };
}

describe('a process that starts beside its migrations', () => {
  test('waits until they are applied', async () => {
    const { done, reasons } = wait(open());
    await waitFor('the first look', () => reasons.length > 0);
    expect(reasons[0]).toContain('lacks 0001_pets');
    await migrate({ url: opened.url, directory });
    await done;
  });

  test('does not wait when waitMs is 0', async () => {
    const { done, reasons } = wait(open(), { waitMs: 0 });
    await expect(done).rejects.toThrow('lacks 0001_pets');
    expect(reasons).toEqual([]);
  });

  test('waits no longer than waitMs, then reports what was missing', async () => {
    const { done, reasons } = wait(open(), { waitMs: 600 });
    await expect(done).rejects.toThrow('lacks 0001_pets');
    expect(reasons.length).toBeGreaterThan(0);
  });

  test('waits for a database that does not answer yet', async () => {
    await migrate({ url: opened.url, directory });
    const { hostname, port } = new URL(opened.url);
    const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } });
    proxy.refuse();
    try {
      const { done, reasons } = wait(open(proxy.through(opened.url)));
      await waitFor('the first look', () => reasons.length > 0);
      expect(reasons[0]).toMatch(/ECONN/);
      proxy.accept();
      await done;
    } finally {
      await proxy.close();
    }
  });

  test('ends at once when its signal aborts', async () => {
    const stop = new AbortController();
    const { done, reasons } = wait(open(), { signal: stop.signal });
    await waitFor('the first look', () => reasons.length > 0);
    stop.abort();
    await expect(done).rejects.toThrow('aborted');
  });

  test('is refused at once by what waiting cannot fix: a newer breaking schema, a changed file, a password that is wrong', async () => {
    await migrate({ url: opened.url, directory });
    const database = open();
    await writeFile(join(directory, '0001_pets.sql'), 'create table pets (name text, age int);');
    const changed = wait(database);
    await expect(changed.done).rejects.toThrow('restore the applied text');

    await writeFile(join(directory, '0001_pets.sql'), 'create table pets (name text);');
    await database.query({
      name: 'newer',
      text: `insert into schema_migrations (version, name, checksum, breaking) values (2, '0002_newer', 'x', true)`,
    });
    const ahead = wait(database);
    await expect(ahead.done).rejects.toThrow('deploy the newer version');

    const url = new URL(opened.url);
    url.username = 'nobody_here';
    const stranger = wait(open(url.href));
    await expect(stranger.done).rejects.toMatchObject({ code: '28P01' });
    expect([...changed.reasons, ...ahead.reasons, ...stranger.reasons]).toEqual([]);
  });
});
