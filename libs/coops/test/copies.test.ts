import { examples, firstCoopId, type DomainEvent } from '@homeroom/contracts';
import { coopConsumer, lockCoops, openServiceDirectory, readCoops, saveCoop, type Coop } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { createTestDatabase, openTestDatabase, waitFor, type TestDatabase } from '@homeroom/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { aCoop } from './coops.ts';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  // what the copies of enrollment and notifications are: one table in every service
  testDatabase = await createTestDatabase('enrollment', { replica: true });
  database = openTestDatabase(testDatabase, { replica: true });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

const write = (coop: Coop): Promise<void> =>
  database.transaction(async (trx) => {
    await lockCoops(trx);
    await saveCoop(trx, coop);
  });

const eventOf = (coop: Coop, id: string = randomUUID()): DomainEvent<'homeroom.coop.configured.v1'> => ({
  ...{ id, type: 'homeroom.coop.configured.v1', source: '/families', subject: coop.coopId, time: new Date() },
  coopId: coop.coopId,
  data: { ...coop, hosts: [...coop.hosts] },
});

const stored = async (coopId: string): Promise<Coop | undefined> => {
  for (let revision = 0, more = true; more;) {
    const read = await readCoops(database, { revision });
    const found = read.coops.find((coop) => coop.coopId === coopId);
    if (found !== undefined) return found;
    ({ revision, more } = read);
  }
  return undefined;
};

/** Writes of co-ops that wait for another. */
async function waiting(locktype = 'advisory'): Promise<number | undefined> {
  const { rows } = await database.query<{ count: number }>({
    name: 'waiting_for_coops',
    text: `select count(*)::int as count from pg_locks l join pg_stat_activity a on a.pid = l.pid
      where locktype = $1 and not granted and datname = current_database()`,
    values: [locktype],
  });
  return rows[0]?.count;
}

/** A process's shell, as far as the directory uses it. */
function shell() {
  const gauges = new Map<string, () => number>();
  const controller = new AbortController();
  const running: Promise<unknown>[] = [];
  return {
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined, fatal: () => undefined },
    metrics: {
      gauge: (name: string, _help: string, _labels: readonly string[] | undefined, collect?: (it: never) => void) => {
        let value = NaN;
        const gauge = { set: (given: number) => void (value = given) };
        gauges.set(name, () => {
          collect?.(gauge as never);
          return value;
        });
        return gauge as never;
      },
      counter: () => ({}) as never,
      histogram: () => ({}) as never,
    },
    run: (_name: string, loop: (signal: AbortSignal) => Promise<unknown>) => void running.push(loop(controller.signal)),
    read: (name: string): number => gauges.get(name)?.() ?? NaN,
    stop: async () => {
      controller.abort();
      await Promise.all(running);
    },
  };
}

describe('a copy of the directory', () => {
  const { handlers, group } = coopConsumer({ ofCoop: (coopId: string) => database.ofCoop(coopId) } as never, 'it');
  const receive = handlers['homeroom.coop.configured.v1'];

  test('has the state of the newest event, whatever their order, and takes each once', async () => {
    expect(group).toBe('it-coops');
    const coop = aCoop({ version: 2, name: 'Second' });
    const [second, third] = [eventOf(coop), eventOf({ ...coop, version: 3, name: 'Third', quotas: { families: 9 } })];
    for (const event of [second, third, second, third, eventOf({ ...coop, version: 1, name: 'First' })])
      await receive(event);
    expect(await stored(coop.coopId)).toEqual(third.data);
  });

  test('records an event as received by its co-op, also one from before events named theirs', async () => {
    const coop = aCoop();
    const [event, old] = [eventOf(coop), { ...eventOf({ ...coop, version: 2 }), coopId: firstCoopId }];
    for (const received of [event, old]) await receive(received);
    const { rows } = await database.query({
      name: 'received_by',
      text: 'select coop_id from inbox where event_id = any($1)',
      values: [[event.id, old.id]],
    });
    expect(rows).toEqual([{ coop_id: coop.coopId }, { coop_id: coop.coopId }]);
  });

  test('knows the first co-op from its migration on, before any event', async () => {
    expect(await stored(firstCoopId)).toMatchObject({ version: 0, status: 'open' });
    const first = { ...examples['homeroom.coop.opened.v1'], coopId: firstCoopId };
    await receive(eventOf({ ...first, slug: 'first' }));
    expect(await stored(first.coopId)).toMatchObject({ slug: 'first', version: 1 });
  });

  test('shows writes in the order of their revisions, although one of them commits late', async () => {
    const { revision } = await readCoops(database, { revision: 0 });
    const [slow, quick] = [aCoop(), aCoop()];
    const [begun, mayCommit] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const late = database.transaction(async (trx) => {
      await lockCoops(trx);
      await saveCoop(trx, slow);
      begun.resolve(undefined);
      await mayCommit.promise;
    });
    await begun.promise;
    const next = write(quick);
    await waitFor('the second write to wait', async () => (await waiting()) === 1);
    expect((await readCoops(database, { revision })).coops).toEqual([]);
    mayCommit.resolve(undefined);
    await Promise.all([late, next]);
    expect((await readCoops(database, { revision })).coops.map(({ slug }) => slug)).toEqual([slow.slug, quick.slug]);
  });
});

test('control: without the lock, of two writes at once one would fail', async () => {
  const [begun, mayCommit] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const first = database.transaction(async (trx) => {
    await saveCoop(trx, aCoop());
    begun.resolve(undefined);
    await mayCommit.promise;
  });
  await begun.promise;
  const second = database.transaction((trx) => saveCoop(trx, aCoop()));
  const refused = expect(second).rejects.toThrow('coops_revision_key');
  await waitFor('the second write to wait', async () => (await waiting('transactionid')) === 1);
  mayCommit.resolve(undefined);
  await Promise.all([first, refused]);
});

describe('the directory of a process', () => {
  test('starts from the stored copy, follows changes without being asked, and measures its age', async () => {
    const coop = aCoop();
    await write(coop);
    const process = shell();
    const directory = await openServiceDirectory(process, database);
    try {
      expect(directory.byHost(coop.hosts[0] ?? '')).toEqual(coop);
      expect(process.read('coop_directory_size')).toBe(directory.size);
      const changed = { ...coop, version: 2, hosts: ['changed.example'] };
      await write(changed);
      await waitFor('the change to arrive', () => directory.byHost('changed.example')?.version === 2);
      expect(directory.byHost(coop.hosts[0] ?? '')).toBeUndefined();
      expect(process.read('coop_directory_age_seconds')).toBeGreaterThanOrEqual(0);
    } finally {
      await process.stop();
    }
  });

  test('misses nothing after a failover that has lost the last writes, and their revisions are given again', async () => {
    const lost = [aCoop(), aCoop(), aCoop()];
    for (const coop of lost) await write(coop);
    const process = shell();
    const directory = await openServiceDirectory(process, database);
    try {
      const text = 'delete from coops where coop_id = any($1)';
      await database.query({ name: 'lose_coops', text, values: [lost.map(({ coopId }) => coopId)] });
      const after = aCoop();
      await write(after);
      await waitFor('the write after the failover', () => directory.byId(after.coopId) !== undefined);
    } finally {
      await process.stop();
    }
  });

  test('control: one that does not follow its copy answers for the old host', async () => {
    const coop = aCoop();
    await write(coop);
    const process = shell();
    const directory = await openServiceDirectory({ ...process, run: () => undefined }, database);
    await write({ ...coop, version: 2, hosts: ['followed-by-none.example'] });
    expect(await stored(coop.coopId)).toMatchObject({ version: 2 });
    expect(directory.byHost(coop.hosts[0] ?? '')).toEqual(coop);
  });

  test('is complete after more co-ops than one read returns', async () => {
    await database.query({
      name: 'many_coops',
      text: `insert into coops (coop_id, version, slug, name, hosts, time_zone, currency, locale, status, quotas, revision)
        select gen_random_uuid(), 1, 'many-' || n, 'Many', array['many-' || n || '.example'], 'UTC', 'USD', 'en-US',
          'open', '{}', (select max(revision) from coops) + n
        from generate_series(1, 4100) n`,
    });
    const process = shell();
    const directory = await openServiceDirectory(process, database);
    await process.stop();
    expect([1, 2000, 2001, 4100].map((n) => directory.byHost(`many-${n}.example`)?.slug)).toEqual([
      'many-1',
      'many-2000',
      'many-2001',
      'many-4100',
    ]);
  });

  test('keeps its last state while the database is down', async () => {
    const coop = aCoop();
    await write(coop);
    const own = openTestDatabase(testDatabase);
    const process = shell();
    const directory = await openServiceDirectory(process, own);
    await own.close();
    await waitFor('a poll to fail', () => process.read('coop_directory_age_seconds') > 1);
    expect(directory.byHost(coop.hosts[0] ?? '')).toEqual(coop);
    await process.stop();
  });
});
