import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { startFaultProxy, waitFor, type FaultProxy } from '@homeroom/testing';
import pg from 'pg';
import type { DatabaseOptions } from '../src/database.ts';
import { DatabaseUnavailableError, sqlState, UnknownOutcomeError } from '../src/errors.ts';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let primary: FaultProxy;
let replica: FaultProxy;
beforeAll(async () => {
  opened = await openTest('create table notes (line text primary key);');
  const targetOf = (url: string): { host: string; port: number } => {
    const { hostname: host, port } = new URL(url);
    return { host, port: Number(port) };
  };
  primary = await startFaultProxy({ target: targetOf(opened.test.url) });
  replica = await startFaultProxy({ target: targetOf(opened.test.replicaUrl) });
});
beforeEach(() => {
  opened.events.length = 0;
});
afterAll(async () => {
  await opened.close();
  await primary.close();
  await replica.close();
});

const open = (options?: Partial<DatabaseOptions>): Database =>
  opened.open({
    primaryUrl: primary.through(opened.test.url),
    replicaUrls: [replica.through(opened.test.replicaUrl)],
    ...options,
  });
const one = { name: 'one', text: 'select 1 as one' };
const standby = { name: 'standby', text: 'select pg_is_in_recovery() as standby' };
const note = (line: string): { name: string; text: string; values: unknown[] } => ({
  name: 'note',
  text: 'insert into notes values ($1)',
  values: [line],
});
const seconds = (n: number): { name: string; text: string; values: unknown[] } => ({
  name: 'sleep',
  text: 'select pg_sleep($1)',
  values: [n],
});
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('timeouts', () => {
  test('a slow statement is canceled by the server, and its connection is used again', async () => {
    const database = open({ statementTimeoutMs: 100, poolSize: 1 });
    const error = await errorOf(database.query(seconds(5)));
    expect(sqlState(error)).toBe('57014');
    expect(isUnavailable(error)).toBe(true);
    expect((await database.query(one)).rows).toEqual([{ one: 1 }]);
    expect(opened.events.filter(({ type }) => type === 'connection-lost')).toEqual([]);
  });

  test('a statement that waits for a lock gives up', async () => {
    const database = open({ lockTimeoutMs: 100 });
    await database.query(note('locked'));
    await database.transaction(async (trx) => {
      const lock = { name: 'lock', text: `select 1 from notes where line = 'locked' for update` };
      await trx.query(lock);
      const error = await errorOf(database.query(lock));
      expect(sqlState(error)).toBe('55P03');
      expect(isUnavailable(error)).toBe(true);
    });
  });

  test('a transaction that goes quiet is ended by the server', async () => {
    const database = open({ statementTimeoutMs: 100, poolSize: 1 });
    const observer = open({ poolSize: 1 });
    const quiet = {
      name: 'quiet',
      text: `select 1 from pg_stat_activity where state = 'idle in transaction' and datname = current_database()`,
    };
    const abandoned = database.transaction(async (trx) => {
      await trx.query(note('abandoned'));
      await waitFor('the server to cut it off', async () => (await observer.query(quiet)).rowCount === 0);
    });
    const error = await errorOf(abandoned);
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect(error).not.toBeInstanceOf(UnknownOutcomeError);
    expect(
      (await database.query({ name: 'left', text: `select 1 from notes where line = 'abandoned'` })).rowCount,
    ).toBe(0);
  });

  test('a caller waits for a connection only so long', async () => {
    const database = open({ poolSize: 1, connectTimeoutMs: 500 });
    const busy = database.query(seconds(1.5));
    const error = await errorOf(database.query(one));
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect((error as Error).message).toContain('no connection of the pool became free');
    await busy;
    expect(database.poolStats()).toMatchObject({ total: 1, waiting: 0, max: 1 });
  });

  test('a server that is lost silently is given up', async () => {
    const database = open({ statementTimeoutMs: 100, poolSize: 1 });
    await database.query(one);
    primary.hang();
    try {
      const start = performance.now();
      expect(isUnavailable(await errorOf(database.query(one)))).toBe(true);
      expect(performance.now() - start).toBeLessThan(3_000);
    } finally {
      primary.resume();
    }
    expect((await database.query(one)).rows).toEqual([{ one: 1 }]);
  });
});

describe('broken connections', () => {
  test('an idle one that is cut ends nothing, and the next query has a new one', async () => {
    const database = open({ poolSize: 1 });
    await database.query(one);
    primary.cut();
    await waitFor('the pool to notice', () => opened.events.some(({ type }) => type === 'connection-lost'));
    expect((await database.query(one)).rows).toEqual([{ one: 1 }]);
  });

  test('one that is cut while it is used fails its caller and is not used again', async () => {
    const database = open({ poolSize: 1 });
    await database.query(one);
    const running = errorOf(database.query(seconds(5)));
    await waitFor('the query to run', () => database.poolStats().idle === 0);
    primary.cut();
    expect(isUnavailable(await running)).toBe(true);
    expect((await database.query(one)).rows).toEqual([{ one: 1 }]);
  });

  test('cut before COMMIT: nothing is committed, and it is known', async () => {
    const database = open();
    const error = await errorOf(
      database.transaction(async (trx) => {
        await trx.query(note('before'));
        primary.cut();
        await trx.query(one);
      }),
    );
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect(error).not.toBeInstanceOf(UnknownOutcomeError);
    expect((await database.query({ name: 'before', text: `select 1 from notes where line = 'before'` })).rowCount).toBe(
      0,
    );
  });

  test('cut during COMMIT: the outcome is unknown, and the error states it', async () => {
    const database = open({ statementTimeoutMs: 200 });
    const error = await errorOf(
      database.transaction(async (trx) => {
        await trx.query(note('during'));
        primary.hang();
      }),
    );
    primary.resume();
    expect(error).toBeInstanceOf(UnknownOutcomeError);
    expect(isUnavailable(error)).toBe(true);
  });

  test('a connection whose work left a statement running is destroyed', async () => {
    const database = open();
    let abandoned: Promise<unknown> = Promise.resolve();
    await database.read(undefined, async (db) => {
      abandoned = errorOf(db.query(seconds(5)));
    });
    expect(await abandoned).toBeInstanceOf(DatabaseUnavailableError);
    expect(opened.events).toContainEqual(expect.objectContaining({ type: 'connection-lost' }));
  });

  test('a server that is down: unavailable, not a crash, and used again when it is back', async () => {
    const database = open();
    primary.refuse();
    expect(await errorOf(database.query(one))).toBeInstanceOf(DatabaseUnavailableError);
    expect(await errorOf(database.ping(AbortSignal.timeout(1_000)))).toBeInstanceOf(DatabaseUnavailableError);
    primary.accept();
    await database.ping(AbortSignal.timeout(1_000));
  });

  test('S17: an answer to anybody shows that the primary answers, while a burst leaves no connection for a ping', async () => {
    const database = open({ poolSize: 1 });
    expect(database.answeredWithin(60_000)).toBe(false);
    await database.transaction(async (trx) => {
      await trx.query(one);
      expect(database.answeredWithin(60_000)).toBe(true);
      expect(isUnavailable(await errorOf(database.ping(AbortSignal.timeout(50))))).toBe(true);
    });
  });

  test('S17: an error that the primary sends is an answer, silence is none', async () => {
    const database = open();
    primary.refuse();
    await errorOf(database.query(one));
    expect(database.answeredWithin(60_000)).toBe(false);
    primary.accept();
    await errorOf(database.query({ name: 'broken', text: 'select 1 / 0' }));
    expect(database.answeredWithin(60_000)).toBe(true);
  });

  test('ping gives up with its signal', async () => {
    const database = open({ poolSize: 1, statementTimeoutMs: 100 });
    await database.ping();
    primary.hang();
    const start = performance.now();
    expect(isUnavailable(await errorOf(database.ping(AbortSignal.timeout(50))))).toBe(true);
    expect(performance.now() - start).toBeLessThan(500);
    primary.resume();
  });
});

describe('a demoted primary', () => {
  test('is left at once: every connection to it goes, and the write succeeds on new ones', async () => {
    const database = open({ poolSize: 3 });
    // to its old connections a demoted primary answers reads and refuses writes: these sessions do the same
    let together = 0;
    await Promise.all(
      Array.from({ length: 3 }, () =>
        database.transaction(async (trx) => {
          await trx.query({ name: 'demote', text: 'set default_transaction_read_only = on' });
          together++;
          await waitFor('all three', () => together === 3);
        }),
      ),
    );
    await Promise.all(['a', 'b', 'c'].map((line) => database.query(note(line))));
    expect(opened.events.filter(({ type }) => type === 'drained')).toEqual([{ type: 'drained', code: '25006' }]);
  });

  test('behind the primary’s address is refused before it is used', async () => {
    const database = open({ primaryUrl: opened.test.replicaUrl });
    const error = await errorOf(database.query(one));
    expect(error).toBeInstanceOf(DatabaseUnavailableError);
    expect((error as Error).message).toContain('leads to a standby');
  });

  test('negative control: a bare pool keeps its connections and fails forever', async () => {
    const pool = new pg.Pool({
      connectionString: opened.test.url,
      max: 1,
      options: '-c default_transaction_read_only=on',
    });
    try {
      for (let i = 0; i < 3; i++)
        expect(sqlState(await errorOf(pool.query(`insert into notes values ('never')`)))).toBe('25006');
    } finally {
      await pool.end();
    }
  });
});

describe('a replica that is down', () => {
  test('costs one failed read, then none until it is asked again, and is used again when it is back', async () => {
    const database = open();
    expect((await database.read(undefined, (db) => db.query(standby))).rows).toEqual([{ standby: true }]);
    replica.refuse();
    for (let i = 0; i < 20; i++) {
      expect((await database.read(undefined, (db) => db.query(standby))).rows).toEqual([{ standby: false }]);
    }
    expect(opened.events.filter(({ type }) => type === 'replica-down').length).toBeLessThanOrEqual(2);
    replica.accept();
    await waitFor('a read to go to the replica again', async () => {
      const { rows } = await database.read(undefined, (db) => db.query<{ standby: boolean }>(standby));
      return rows[0]?.standby;
    });
    expect(opened.events).toContainEqual({ type: 'replica-up', replica: 0 });
  });

  test('without a word makes only the first reads wait', async () => {
    const database = open({ connectTimeoutMs: 400 });
    replica.hang();
    try {
      await database.read(undefined, (db) => db.query(standby));
      const start = performance.now();
      for (let i = 0; i < 20; i++) await database.read(undefined, (db) => db.query(standby));
      expect(performance.now() - start).toBeLessThan(200);
    } finally {
      replica.resume();
    }
  });

  test('leaves the other replica to read from', async () => {
    const database = open({ replicaUrls: [replica.through(opened.test.replicaUrl), opened.test.replicaUrl] });
    replica.refuse();
    try {
      for (let i = 0; i < 10; i++) await database.read(undefined, (db) => db.query(standby));
      const reads = opened.events.filter((event) => event.type === 'read');
      expect(reads.filter(({ role }) => role === 'replica').length).toBeGreaterThanOrEqual(8);
    } finally {
      replica.accept();
    }
  });
});
