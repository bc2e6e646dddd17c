import { accepted } from '@homeroom/chassis';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openDatabase } from '@homeroom/postgres';
import { createTestDatabase } from '@homeroom/testing';
import { errors } from '../../services/enrollment/src/errors.ts';
import { enrollChild } from '../../services/enrollment/src/enrollments/enroll-child.ts';
import { ArrivingChildren } from '../../services/enrollment/src/enrollments/arriving-children.ts';
import { KnownFacts } from '../../services/enrollment/src/enrollments/known-facts.ts';
import { childId, familyId, openClassId, seedCoOp } from '../harness/co-op.ts';
import { roundLine } from '../harness/measure.ts';
import { cpuMicrosOfTree } from '../harness/process.ts';
import { withClient } from '../harness/with-client.ts';

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
    await db.query({
      name: 'bare-table',
      text: 'create table bare (id uuid primary key, body jsonb, at timestamptz not null default now())',
    });
    const postmaster = await postmasterOf(database.url);
    const known = new KnownFacts();
    const arriving = new ArrivingChildren(db, { waitMs: 0 });
    const accountId = randomUUID();
    // consecutive enrollments are in different classes, as those of families; a child gets one class more in every round
    const enrollInRound = (round: number) => async (n: number) =>
      accepted(
        errors,
        await enrollChild(
          { db, known, arriving },
          {
            accountId,
            classId: openClassId((n + round * 7) % openClasses),
            childId: childId(n),
            familyId: familyId(Math.floor(n / childrenPerFamily)),
          },
        ),
      );
    const bare = () =>
      db.query({
        name: 'bare-insert',
        text: 'insert into bare (id, body) values ($1, $2)',
        values: [randomUUID(), JSON.stringify({ n: 'x'.repeat(300) })],
      });
    await each(children, enrollInRound(0));
    await each(children, bare);
    const samples: EnrollSample[] = [];
    const time = async (
      what: EnrollSample['what'],
      round: number,
      work: (n: number) => Promise<unknown>,
    ): Promise<void> => {
      const [cpu, began] = [cpuMicrosOfTree(postmaster), performance.now()];
      await each(children, work);
      const sample = {
        what,
        round,
        perSecond: children / ((performance.now() - began) / 1000),
        postgresCpuMicros: (cpuMicrosOfTree(postmaster) - cpu) / children,
      };
      samples.push(sample);
      say(roundLine(round, what, [sample.postgresCpuMicros, 'µs of Postgres'], [sample.perSecond, '/s']));
    };
    for (let round = 1; round <= rounds; round++) {
      await time('bare insert', round, bare);
      await time('enroll', round, enrollInRound(round));
    }
    return samples;
  } finally {
    await db.close();
    await database.drop();
  }
}

/** Calls `work` for 0 … count - 1, `concurrency` at once. */
async function each(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
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
