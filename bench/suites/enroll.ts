import { accepted } from '@homeroom/chassis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openDatabase, type Database } from '@homeroom/postgres';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { errors } from '../../services/enrollment/src/errors.ts';
import { enrollChild } from '../../services/enrollment/src/enrollments/enroll-child.ts';
import { ArrivingChildren } from '../../services/enrollment/src/enrollments/arriving-children.ts';
import { KnownFacts } from '../../services/enrollment/src/enrollments/known-facts.ts';
import { childId, familyId, openClassId, seedCoOp } from '../harness/co-op.ts';
import { roundLine } from '../harness/measure.ts';
import { cpuMicrosOfTree } from '../harness/process.ts';

export interface EnrollSample {
  readonly what: 'bare insert' | 'enroll';
  readonly round: number;
  readonly perSecond: number;
  readonly postgresCpuMicros: number;
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
    const samples: EnrollSample[] = [];
    for (let round = 1; round <= rounds; round++) {
      for (const what of ['bare insert', 'enroll'] as const) {
        const [cpu, began] = [cpuMicrosOfTree(postmaster), performance.now()];
        await forEveryChild(works[what](round));
        const perSecond = children / ((performance.now() - began) / 1000);
        const postgresCpuMicros = (cpuMicrosOfTree(postmaster) - cpu) / children;
        samples.push({ what, round, perSecond, postgresCpuMicros });
        say(roundLine(round, what, [postgresCpuMicros, 'µs of Postgres'], [perSecond, '/s']));
      }
    }
    return samples;
  } finally {
    await db.close();
    await database.drop();
  }
}

type Work = (child: number) => Promise<unknown>;

/** The work of each kind in a round. */
function worksOf(db: Database): Record<EnrollSample['what'], (round: number) => Work> {
  const deps = { db, known: new KnownFacts(), arriving: new ArrivingChildren(db, { waitMs: 0 }) };
  const accountId = randomUUID();
  return {
    // consecutive enrollments are in different classes, as those of families; a child gets one class more in every round
    enroll: (round) => async (n) => {
      const classId = openClassId((n + round * 7) % openClasses);
      const familyOfChild = familyId(Math.floor(n / childrenPerFamily));
      const request = { accountId, classId, childId: childId(n), familyId: familyOfChild };
      return accepted(errors, await enrollChild(deps, request));
    },
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

/** The process that all backends of the server descend from. */
function postmasterOf(url: string): Promise<number> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const stat = readFileSync(`/proc/${rows[0]?.pid ?? 0}/stat`, 'utf8');
    return Number(stat.replace(/^.*\) \S /, '').split(' ')[0]);
  });
}
