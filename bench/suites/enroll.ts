import { accepted } from '@homeroom/chassis';
import { firstCoopId } from '@homeroom/contracts';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { errors } from '../../services/enrollment/src/errors.ts';
import { enrollChild } from '../../services/enrollment/src/enrollments/enroll-child.ts';
import { ArrivingChildren } from '../../services/enrollment/src/enrollments/arriving-children.ts';
import { KnownFacts } from '../../services/enrollment/src/enrollments/known-facts.ts';
import { childId, familyId, openClassId, seedCoOp } from '../harness/co-op.ts';
import { roundLine } from '../harness/measure.ts';
import { countWrites } from '../harness/postgres-writes.ts';
import { postmasterOf } from '../harness/postmaster.ts';
import { cpuMicrosOfTree } from '../harness/process.ts';

export interface EnrollSample {
  readonly what: 'bare insert' | 'enroll' | 'enroll and relay';
  readonly round: number;
  readonly perSecond: number;
  readonly postgresCpuMicros: number;
  /** A row's or an enrollment's share of the WAL, and of the page images in it. */
  readonly walBytes: number;
  readonly pageImageBytes: number;
  /** The part of `walBytes` that the seat counters cost: the table that they are in, and its indexes. */
  readonly seatWalBytes?: number;
  /** Updates per 100 that touched no index: of the seat counters, and of the child's busy hours. A bare insert has none. */
  readonly seatHotPercent?: number;
  readonly childHotPercent?: number;
}

const concurrency = 20;
const families = 400;
const childrenPerFamily = 10;
const children = families * childrenPerFamily;
const openClasses = 40;

/** The use-case alone against a bare insert of one row, in turn in the same process, twenty at once. */
export async function measureEnroll(rounds: number, say: (text: string) => void): Promise<EnrollSample[]> {
  const database = await createTestDatabase('enrollment');
  const db = openDatabase({
    primaryUrl: database.url,
    replicaUrls: [],
    poolSize: concurrency,
    replicaPoolSize: 1,
    applicationName: 'bench',
  });
  try {
    await seedCoOp(database.url, { classes: 1, families, childrenPerFamily });
    const text = 'create table bare (id uuid primary key, body jsonb, at timestamptz not null default now())';
    await db.query({ name: 'bare-table', text });
    const postmaster = await postmasterOf(database.url);
    const works = worksOf(db);
    for (const work of Object.values(works)) await forEveryChild(work(0));
    await reportStatistics(db);
    const samples: EnrollSample[] = [];
    await withClient(database.url, async (client) => {
      for (let round = 1; round <= rounds; round++) {
        for (const what of ['bare insert', 'enroll', 'enroll and relay'] as const) {
          await freeChildren(client);
          const sample = await measureOnce({ db, client, postmaster, url: database.url }, what, works[what](round));
          samples.push({ what, round, ...sample });
          say(lineOf(round, what, sample));
        }
      }
    });
    return samples;
  } finally {
    await db.close();
    await database.drop();
  }
}

type Work = (child: number) => Promise<unknown>;
type Figures = Omit<EnrollSample, 'what' | 'round'>;

/** An enrollment updates the counters of one class and the hours of one child. */
const counters = ['classes', 'class_seats'];
const updatesOfEnroll = { [counters.join('+')]: children, children };

async function measureOnce(
  { db, client, postmaster, url }: { db: Database; client: pg.Client; postmaster: number; url: string },
  what: EnrollSample['what'],
  work: Work,
): Promise<Figures> {
  let [perSecond, postgresCpuMicros] = [0, 0];
  const writes = await countWrites(client, what === 'bare insert' ? {} : updatesOfEnroll, async () => {
    const [cpu, began] = [cpuMicrosOfTree(postmaster), performance.now()];
    await (what === 'enroll and relay' ? besideRelay(url, () => forEveryChild(work)) : forEveryChild(work));
    perSecond = children / ((performance.now() - began) / 1000);
    postgresCpuMicros = (cpuMicrosOfTree(postmaster) - cpu) / children;
    await reportStatistics(db);
  });
  const figures = {
    perSecond,
    postgresCpuMicros,
    walBytes: writes.walBytes / children,
    pageImageBytes: writes.pageImageBytes / children,
  };
  if (what === 'bare insert') return figures;
  const hotPercent = (...tables: string[]): number => {
    const { updated, hot } = writes.updatesOf(...tables);
    return (100 * hot) / updated;
  };
  return {
    ...figures,
    seatWalBytes: writes.walBytesOf(...counters) / children,
    seatHotPercent: hotPercent(...counters),
    childHotPercent: hotPercent('children'),
  };
}

function lineOf(round: number, what: string, figures: Figures): string {
  const { postgresCpuMicros, perSecond, walBytes, seatWalBytes, seatHotPercent, childHotPercent } = figures;
  const counted = [
    [seatWalBytes, 'B of seats'],
    [seatHotPercent, '% HOT of seats'],
    [childHotPercent, '% HOT of children'],
  ].filter((figure): figure is [number, string] => figure[0] !== undefined);
  return roundLine(
    round,
    what,
    [postgresCpuMicros, 'µs of Postgres'],
    [perSecond, '/s'],
    [walBytes, 'B of WAL'],
    ...counted,
  );
}

/** Empties the children's busy hours, which would grow from one measurement to the next, and with them what is written. */
async function freeChildren(client: pg.Client): Promise<void> {
  await client.query(`update children set slots = '[]' where slots <> '[]'`);
  await client.query('vacuum analyze children');
}

/** Does `work` while another connection deletes events as a relay does that publishes 500 in 20 ms. */
async function besideRelay(url: string, work: () => Promise<void>): Promise<void> {
  const working = new AbortController();
  const relaying = withClient(url, async (client) => {
    const batch = 'array(select sequence from outbox order by sequence limit 500)';
    while (!working.signal.aborted) {
      await client.query(`delete from outbox where sequence = any(${batch})`);
      await sleep(20);
    }
  });
  await work();
  working.abort();
  await relaying;
}

/** Makes every connection of the pool report its statistics, which it otherwise does when it has been idle for a while. */
async function reportStatistics(db: Database): Promise<void> {
  // all at once, so that each gets a connection of its own
  const text = 'select pg_stat_force_next_flush(), pg_sleep(0.2)';
  await Promise.all(Array.from({ length: concurrency }, () => db.query({ name: 'report-statistics', text })));
}

/** The work of each kind in a round. */
function worksOf(db: Database): Record<EnrollSample['what'], (round: number) => Work> {
  const arriving = new ArrivingChildren(db, { waitMs: 0 });
  const deps = { db: db.ofCoop(firstCoopId), known: new KnownFacts(), arriving };
  const accountId = randomUUID();
  // consecutive enrollments are in different classes, as those of families; a child is in a class more each time
  const enroll =
    (time: number): Work =>
    async (n) => {
      const classId = openClassId((n + time * 7) % openClasses);
      const familyOfChild = familyId(Math.floor(n / childrenPerFamily));
      const request = { accountId, classId, childId: childId(n), familyId: familyOfChild };
      return accepted(errors, await enrollChild(deps, request));
    };
  return {
    enroll: (round) => enroll(2 * round),
    'enroll and relay': (round) => enroll(2 * round + 1),
    'bare insert': () => () =>
      db.query({
        name: 'bare-insert',
        text: 'insert into bare (id, body) values ($1, $2)',
        values: [randomUUID(), JSON.stringify({ n: 'x'.repeat(300) })],
      }),
  };
}

/** Calls `work` for every child, `concurrency` at once. */
async function forEveryChild(work: Work): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < children) await work(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
}
