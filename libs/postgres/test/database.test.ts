import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { isUniqueViolation, openDatabase, type Database, type Freshness } from '@homeroom/postgres';
import { countQueries } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { openTest, type Opened } from './opened.ts';

let opened: Opened;
let database: Database;
beforeAll(async () => {
  opened = await openTest(
    `create table seats (class text primary key, taken int not null check (taken <= 30));
     create table log (line text not null);`,
  );
  database = opened.open();
});
beforeEach(async () => {
  await database.query({ name: 'truncate', text: 'truncate seats, log' });
  await database.query({ name: 'seed', text: `insert into seats values ('pottery', 0), ('chess', 0)` });
});
afterAll(() => opened.close());

const taken = async (name = 'pottery'): Promise<number | undefined> => {
  const statement = { name: 'taken', text: 'select taken from seats where class = $1', values: [name] };
  return (await database.query<{ taken: number }>(statement)).rows[0]?.taken;
};
const take = { name: 'take', text: 'update seats set taken = taken + 1 where class = $1', values: ['pottery'] };

describe('statements', () => {
  test('are prepared once per connection', async () => {
    const single = opened.open({ poolSize: 1 });
    for (let i = 0; i < 3; i++) await single.query(take);
    const { rows } = await single.query<{ name: string; calls: number }>({
      name: 'prepared',
      text: `select name, generic_plans + custom_plans as calls from pg_prepared_statements where name = 'take'`,
    });
    expect(rows).toEqual([{ name: 'take', calls: 3 }]);
  });

  test('take one round trip', async () => {
    const counter = countQueries();
    const counted = opened.open({ onEvent: counter.onEvent });
    expect(await counter.during(() => counted.query(take))).toMatchObject({
      queries: 1,
      roundTrips: 1,
      names: ['take'],
    });
  });

  test('a name with two texts is refused', async () => {
    const single = opened.open({ poolSize: 1 });
    await single.query({ name: 'twice', text: 'select 1' });
    await expect(single.query({ name: 'twice', text: 'select 2' })).rejects.toThrow('must be unique');
  });

  test('survive a migration that changes what they return', async () => {
    const all = { name: 'all_log', text: 'select * from log' };
    await database.query(all);
    await database.query({ name: 'widen', text: 'alter table log add column at timestamptz' });
    await expect(database.query(all)).resolves.toMatchObject({ rows: [] });
    expect(opened.events).toContainEqual(expect.objectContaining({ type: 'drained', code: '0A000' }));
  });
});

describe('transactions', () => {
  test('commit what the work did, and return what it returned', async () => {
    const counter = countQueries();
    const counted = opened.open({ onEvent: counter.onEvent });
    const { result, names } = await counter.during(() =>
      counted.transaction(async (trx) => {
        await trx.query(take);
        return 'done';
      }),
    );
    expect(result).toBe('done');
    expect(names).toEqual(['begin', 'take', 'commit']);
    expect(await taken()).toBe(1);
  });

  test('roll back when the work throws', async () => {
    const refused = new Error('no');
    await expect(
      database.transaction(async (trx) => {
        await trx.query(take);
        throw refused;
      }),
    ).rejects.toBe(refused);
    expect(await taken()).toBe(0);
  });

  test('say so when a swallowed failure made Postgres roll back at COMMIT', async () => {
    await expect(
      database.transaction(async (trx) => {
        await trx.query(take);
        await trx.query({ name: 'nonsense', text: 'select 1 / 0' }).catch(() => undefined);
      }),
    ).rejects.toThrow('it was rolled back');
    expect(await taken()).toBe(0);
  });

  test('are run again after a serialisation failure, and none of 20 increments is lost', async () => {
    const increment = (): Promise<void> =>
      database.transaction(
        async (trx) => {
          const { rows } = await trx.query<{ taken: number }>({
            name: 'look',
            text: `select taken from seats where class = 'pottery'`,
          });
          await trx.query({
            name: 'put',
            text: `update seats set taken = $1 where class = 'pottery'`,
            values: [(rows[0]?.taken ?? 0) + 1],
          });
        },
        { isolation: 'serializable' },
      );
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 4 }, increment));
    expect(await taken()).toBe(20);
    expect(opened.events).toContainEqual(expect.objectContaining({ type: 'retry', code: '40001' }));
  });

  test('negative control: the same increments without isolation lose some', async () => {
    const meet = barrier(2);
    const increment = (): Promise<void> =>
      database.transaction(async (trx) => {
        const { rows } = await trx.query<{ taken: number }>({
          name: 'look',
          text: `select taken from seats where class = 'pottery'`,
        });
        await meet();
        await trx.query({
          name: 'put',
          text: `update seats set taken = $1 where class = 'pottery'`,
          values: [(rows[0]?.taken ?? 0) + 1],
        });
      });
    await Promise.all([increment(), increment()]);
    expect(await taken()).toBe(1);
  });

  test('are run again after a deadlock', async () => {
    const meet = barrier(2);
    const before = opened.events.length;
    let runs = 0;
    const takeBoth = (first: string, second: string): Promise<void> =>
      database.transaction(async (trx) => {
        runs++;
        await trx.query({ ...take, values: [first] });
        if (runs <= 2) await meet();
        await trx.query({ ...take, values: [second] });
      });
    await Promise.all([takeBoth('pottery', 'chess'), takeBoth('chess', 'pottery')]);
    // a second run can take its first row before the other transaction, which waits for it, has woken up: they deadlock once more
    const deadlocks = opened.events.slice(before).filter((event) => event.type === 'retry' && event.code === '40P01');
    expect(deadlocks.length).toBeGreaterThan(0);
    expect(runs).toBe(2 + deadlocks.length);
    expect([await taken('pottery'), await taken('chess')]).toEqual([2, 2]);
  });

  test('an error that is the caller’s own is not tried again', async () => {
    const before = opened.events.filter(({ type }) => type === 'retry').length;
    const insert = { name: 'insert', text: `insert into seats values ('pottery', 0)` };
    const error: unknown = await database.query(insert).catch((e: unknown) => e);
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, 'seats_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'other')).toBe(false);
    expect(isUniqueViolation(new Error('no'))).toBe(false);
    expect(opened.events.filter(({ type }) => type === 'retry')).toHaveLength(before);
  });
});

describe('close', () => {
  test('waits for running work', async () => {
    const own = openDatabase({
      primaryUrl: opened.test.url,
      replicaUrls: [],
      poolSize: 1,
      replicaPoolSize: 1,
      applicationName: 'close-test',
    });
    const slow = own.query<{ one: number }>({ name: 'slow', text: 'select 1 as one from pg_sleep(0.2)' });
    // the pool knows of it once it has asked for a connection
    await own.close();
    expect((await slow).rows).toEqual([{ one: 1 }]);
    await expect(own.query({ name: 'late', text: 'select 1' })).rejects.toThrow('after calling end');
  });
});

/** A freshness that remembers its mark, as a session does. */
function session(mark: Freshness['mark']): Freshness & { mark: Freshness['mark'] } {
  return {
    mark,
    advance(lsn) {
      this.mark = lsn as Freshness['mark'];
    },
  };
}

describe('reads', () => {
  const read = (
    freshness: Freshness | undefined,
  ): Promise<{ taken: number | undefined; standby: boolean | undefined }> =>
    database.read(freshness, async (db) => {
      const { rows } = await db.query<{ taken: number; standby: boolean }>({
        name: 'read_taken',
        text: `select taken, pg_is_in_recovery() as standby from seats where class = 'pottery'`,
      });
      return { taken: rows[0]?.taken, standby: rows[0]?.standby };
    });
  const lastRead = (): unknown => opened.events.findLast(({ type }) => type === 'read');

  testWithSwitch(
    'of anyone go to the replica, in one round trip',
    { name: 'replicaUrls', on: () => [opened.test.replicaUrl], off: () => [], failure: /\+ +"standby": false/ },
    async (replicaUrls) => {
      await opened.test.waitForReplica();
      const counter = countQueries();
      const counted = opened.open({ replicaUrls: replicaUrls(), onEvent: counter.onEvent });
      const one = { name: 'standby', text: 'select pg_is_in_recovery() as standby' };
      const { result, roundTrips } = await counter.during(() => counted.read(undefined, (db) => db.query(one)));
      expect(result.rows).toEqual([{ standby: true }]);
      expect(roundTrips).toBe(1);
    },
  );

  test('right after a write go to the primary, which gives the mark', async () => {
    await database.query(take);
    const caller = session('primary');
    expect(await read(caller)).toEqual({ taken: 1, standby: false });
    expect(caller.mark).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
  });

  test('with a mark go to the primary until the replica has it, then to the replica', async () => {
    const caller = session('primary');
    await opened.test.waitForReplica();
    await opened.test.pauseReplica();
    try {
      await database.query(take);
      expect(await read(caller)).toEqual({ taken: 1, standby: false });
      expect(await read(caller)).toEqual({ taken: 1, standby: false });
      expect(lastRead()).toMatchObject({ role: 'primary', because: 'behind' });
      // negative control: who has no mark sees the old state
      expect(await read(undefined)).toEqual({ taken: 0, standby: true });
    } finally {
      await opened.test.resumeReplica();
    }
    await opened.test.waitForReplica();
    expect(await read(caller)).toEqual({ taken: 1, standby: true });
    expect(lastRead()).toMatchObject({ role: 'replica', because: 'caught-up' });
  });

  test('with a mark that this connection has passed before ask nothing more', async () => {
    const counter = countQueries();
    const counted = opened.open({ onEvent: counter.onEvent, replicaPoolSize: 1 });
    const caller = session('primary');
    const one = { name: 'one', text: 'select 1' };
    await counted.read(caller, (db) => db.query(one));
    await opened.test.waitForReplica();
    expect((await counter.during(() => counted.read(caller, (db) => db.query(one)))).names).toEqual([
      'replayed',
      'one',
    ]);
    expect((await counter.during(() => counted.read(caller, (db) => db.query(one)))).names).toEqual(['one']);
  });

  test('never show a caller less than before: 200 writes and reads, none stale', async () => {
    let stale = 0;
    for (let i = 1; i <= 200; i++) {
      await database.query({ name: 'note', text: 'insert into log (line) values ($1)', values: [String(i)] });
      const caller = session('primary');
      for (let again = 0; again < 3; again++) {
        const { rows } = await database.read(caller, (db) =>
          db.query<{ n: number }>({ name: 'lines', text: 'select count(*) as n from log' }),
        );
        if ((rows[0]?.n ?? 0) < i) stale++;
      }
    }
    expect(stale).toBe(0);
  });

  test('a mark that cannot be stored costs nothing but a read on the primary next time', async () => {
    const caller: Freshness = { mark: 'primary', advance: () => Promise.reject(new Error('Redis is down')) };
    expect(await read(caller)).toMatchObject({ standby: false });
    expect(opened.events).toContainEqual(expect.objectContaining({ type: 'mark-lost' }));
  });

  test('of a table that the replica does not have yet go to the primary', async () => {
    await opened.test.pauseReplica();
    try {
      await database.query({ name: 'create_news', text: 'create table news (line text)' });
      expect(
        await database.read(undefined, (db) => db.query({ name: 'news', text: 'select * from news' })),
      ).toMatchObject({ rows: [] });
      expect(lastRead()).toMatchObject({ role: 'primary', because: 'conflict' });
    } finally {
      await opened.test.resumeReplica();
    }
  });

  test('an error of the work is thrown on, not tried on the primary', async () => {
    const counter = countQueries();
    const counted = opened.open({ onEvent: counter.onEvent });
    const divide = { name: 'divide', text: 'select 1 / 0' };
    const { names } = await counter.during(() =>
      expect(counted.read(undefined, (db) => db.query(divide))).rejects.toThrow('division by zero'),
    );
    expect(names).toEqual(['divide']);
  });
});

/** Lets `parties` callers go on together. */
function barrier(parties: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let waiting = 0;
  return async () => {
    if (++waiting === parties) resolve(undefined);
    await promise;
  };
}
