import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { CoopDatabase, Statement } from '@homeroom/postgres';
import { waitFor, withClient } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { ArrivingChildren } from '../../src/enrollments/arriving-children.ts';
import { enrollChild } from '../../src/enrollments/enroll-child.ts';
import { KnownFacts } from '../../src/enrollments/known-facts.ts';
import { readFacts } from '../../src/enrollments/read-facts.ts';
import { startHarness, type Child, type Harness } from '../harness.ts';
import { asRelease02 } from '../release-0.2.ts';

/*
 * The seat counters of a class are not in the row of its details: taking a seat updates a small row in place.
 */

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const description = 'Pinch, coil, and slab. Everything is fired and comes home; clay and glazes are included. '.repeat(
  5,
);

const enroll = (db: CoopDatabase, known: KnownFacts, { id: childId, familyId }: Child, classId: string) =>
  enrollChild(
    { db, known, arriving: new ArrivingChildren(harness.database, { waitMs: 0 }) },
    { classId, childId, familyId, accountId: uuidv7() },
  );

interface Updates {
  readonly updated: number;
  /** How many of them touched no index. */
  readonly hot: number;
}

const none = { updated: 0, hot: 0 };

const readUpdates = async (): Promise<{ details: Updates; seats: Updates }> => {
  // a connection reports what it has counted a little later, or now when it is asked
  const text = 'select pg_stat_force_next_flush()';
  await Promise.all(Array.from({ length: 10 }, () => harness.database.query({ name: 'report_statistics', text })));
  const rows = await harness.rows<Updates & { name: string }>(
    `select relname as name, n_tup_upd::int as updated, n_tup_hot_upd::int as hot from pg_stat_user_tables
     where relname in ('classes', 'class_seats')`,
  );
  const [details, seats] = ['classes', 'class_seats'].map((table) => rows.find(({ name }) => name === table) ?? none);
  return { details: details!, seats: seats! };
};

const less = (a: Updates, b: Updates): Updates => ({ updated: a.updated - b.updated, hot: a.hot - b.hot });

/** Takes 60 seats in six classes, one after the other, while a reader's open snapshot keeps every old version of a row. */
const takeSeats = async (db: CoopDatabase): Promise<{ details: Updates; seats: Updates }> => {
  const children = await harness.children(60);
  const classes = await Promise.all(Array.from({ length: 6 }, () => harness.openClass({ capacity: 60, description })));
  const before = await readUpdates();
  await withClient(harness.testDatabase.url, async (reader) => {
    await reader.query('begin isolation level repeatable read');
    await reader.query('select count(*) from classes');
    for (const [index, child] of children.entries()) await enroll(db, new KnownFacts(), child, classes[index % 6]!.id);
  });
  return waitFor('60 counted updates', async () => {
    const after = await readUpdates();
    const [details, seats] = [less(after.details, before.details), less(after.seats, before.seats)];
    return details.updated + seats.updated >= 60 && { details, seats };
  });
};

test('60 seats are 60 updates of the counters that touch no index, and none of the details', async () => {
  expect(await takeSeats(harness.db)).toEqual({
    details: none,
    seats: { updated: 60, hot: 60 },
  });
});

test('control: with the counters in the row of the details, updates leave their page and touch every index', async () => {
  const { details } = await takeSeats(asRelease02(harness.db));
  expect(details.updated).toBe(60);
  expect(details.hot).toBeLessThan(60);
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

test('taking a seat finds every row by an index, and does not read the details of the class', async () => {
  const { id } = await harness.openClass();
  const [child] = await harness.children(1);
  const known = new KnownFacts();
  known.learn(
    harness.db.coopId,
    await readFacts(harness.db, { classId: id, childId: child!.id, familyId: child!.familyId }),
  );
  const asked: Statement[] = [];
  const explained = {
    ...harness.db,
    query: async <Row>(statement: Statement) => {
      asked.push(statement);
      return harness.db.query<Row>(statement);
    },
  };
  await enroll(explained, known, child!, id);
  expect(asked.map(({ name }) => name)).toEqual(['enroll_seat']);

  const [statement] = asked as [Statement];
  const [another] = await harness.children(1);
  const values = statement.values!.with(2, another!.id).with(3, another!.familyId).with(6, uuidv7());
  const scans = await withClient(harness.testDatabase.url, async (client) => {
    // small tables would be read whole
    await client.query('set enable_seqscan = off');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
      `explain (analyze, format json) ${statement.text}`,
      [...values],
    );
    return nodesOf(rows[0]!['QUERY PLAN'][0].Plan)
      .filter((node) => node['Node Type'].endsWith('Scan') && node['Relation Name'] !== undefined)
      .filter((node) => node['Actual Loops'] > 0)
      .map((node) => `${node['Node Type']} ${node['Relation Name']}`);
  });
  expect(scans.sort()).toEqual([
    'Index Only Scan enrollments',
    'Index Scan children',
    'Index Scan class_seats',
    'Index Scan class_seats',
  ]);
});
