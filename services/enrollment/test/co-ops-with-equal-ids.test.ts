import { accepted } from '@homeroom/chassis';
import { waitFor } from '@homeroom/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { carryOutJobs, type ClassJobEvent } from '../src/class-jobs/carry-out-jobs.ts';
import { advance, postponeClassJob } from '../src/class-jobs/store.ts';
import { rebuildReadModels } from '../src/enrollments/rebuild-read-models.ts';
import { errors } from '../src/errors.ts';
import { copyFamily } from '../src/families/copy-family.ts';
import { notifyDelays } from '../src/payments/notify-delays.ts';
import { settleCharge } from '../src/payments/settle-charge.ts';
import { termsOf } from '../src/seats/terms.ts';
import { importClasses } from '../src/timetable/import-classes.ts';
import { aFamily, pottery, type Child } from './harness.ts';
import { contentOf, copyRows, startTwoCoops, type Side, type TwoCoops } from './two-co-ops.ts';

/*
 * Ids are unique over all co-ops, and no statement relies on it: here each row of one co-op is in the other one too, with the same
 * id. A statement that names no co-op would find, count, or change twice as many.
 */

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let both: TwoCoops;
let a: Side;
let b: Side;
let world: Awaited<ReturnType<typeof live>>;
let coordinator: Record<string, string>;
beforeAll(async () => {
  both = await startTwoCoops();
  ({ a, b } = both);
  world = await live();
  await copyRows(both);
  for (const [table, column] of [
    ['classes', 'description'],
    ['children', 'name'],
    ['families', 'name'],
  ]) {
    await both.harness.rows(`update ${table} set ${column} = ${column} || ' of B' where coop_id = $1`, b.coop.coopId);
  }
  // the second co-op's is due
  await both.harness.rows(`update class_jobs set due_at = 'infinity' where coop_id = $1`, a.coop.coopId);
  coordinator = await b.coordinator();
});
afterAll(() => both.harness.close());

const openClass = async (side: Side, title: string, change: object): Promise<string> => {
  const payload = { ...pottery, title, room: title, teacher: title, ...change };
  const opened = await side.send('POST', '/api/classes', await side.coordinator(), payload);
  expect(opened.statusCode).toBe(201);
  return opened.json().id;
};

const enroll = async (side: Side, child: Child, classId: string): Promise<string> => {
  const payload = { classId, childId: child.id };
  const enrolled = await side.send('POST', '/api/enrollments', await side.coordinator(), payload);
  expect(enrolled.statusCode).toBe(201);
  return enrolled.json().id;
};

/** Seats, a waitlist, an offer, and charges, in the first co-op. */
async function live() {
  const [x, y, z, w] = [await a.child('X'), await a.child('Y'), await a.child('Z'), await a.child('W')];
  const chess = await openClass(a, 'Chess', { capacity: 1 });
  const choir = await openClass(a, 'Choir', {});
  const drawing = await openClass(a, 'Drawing', { weekday: 'friday', capacity: 1 });
  const ofX = await enroll(a, x, chess);
  const offered = await enroll(a, y, chess);
  const waiting = await enroll(a, z, chess);
  const elsewhere = await enroll(a, y, choir);
  // Y has another class at that hour
  await a.send('DELETE', `/api/enrollments/${ofX}`, await a.coordinator());
  const held = await enroll(a, x, drawing);
  const behind = [await enroll(a, y, drawing), await enroll(a, z, drawing)];
  // leaves a job
  await a.send('PATCH', `/api/classes/${drawing}`, await a.coordinator(), { room: 'Attic' });
  return { x, y, z, w, chess, choir, drawing, offered, waiting, elsewhere, held, behind };
}

/** Does something in the second co-op. @returns its answer, when nothing of the first co-op has changed. */
const onlyInB = async <T>(work: () => Promise<T>): Promise<T> => {
  const before = await contentOf(both, a);
  const result = await work();
  expect(await contentOf(both, a)).toEqual(before);
  return result;
};

const differences = async () => (await rebuildReadModels({ db: both.harness.database }, { write: false })).differences;
const none = { enrollments: 0, classes: 0, children: 0 };

afterEach(async () => expect(await differences()).toEqual(none));

test('control: a statement that names no co-op is noticed', async () => {
  const change = (by: string) =>
    both.harness.rows(`update charges set last_error = ${by} where enrollment_id = $1`, world.held);
  await expect(onlyInB(() => change(`'of both'`))).rejects.toThrow('of both');
  await change('null');
});

describe('reads', () => {
  const read = async (side: Side, url: string) => {
    const response = await side.send('GET', url, await side.coordinator());
    expect(response.statusCode).toBe(200);
    return response;
  };

  test('are of the co-op of the host, in single answers, lists, and searches, from the caches too', async () => {
    for (const url of [
      `/api/classes/${world.chess}`,
      `/api/classes/${world.chess}`,
      '/api/classes?q=pinch&age=8&day=tuesday',
      '/api/classes?limit=2',
      `/api/classes/${world.chess}/roster`,
      '/api/enrollments?limit=3',
      `/api/enrollments?classId=${world.drawing}&status=waitlisted`,
      `/api/enrollments?familyId=${world.y.familyId}`,
      `/api/enrollments/${world.waiting}`,
    ]) {
      const [ofA, ofB] = [await read(a, url), await read(b, url)];
      expect(ofA.body).not.toContain('of B');
      const marked = url.includes('enrollments') || url.includes('roster') ? /"name" ?: ?"[^"]* of B"/ : / of B"/;
      expect(ofB.body).toMatch(marked);
      const unmarked = (body: string): unknown => {
        const { nextCursor, ...rest } = JSON.parse(body.replaceAll(' of B', ''));
        return { ...rest, hasMore: nextCursor !== undefined };
      };
      expect(unmarked(ofB.body)).toEqual(unmarked(ofA.body));
    }
  });
});

describe('writes', () => {
  test('taking a seat and a place', async () => {
    const position = await onlyInB(async () => {
      await enroll(b, world.w, world.choir);
      const payload = { classId: world.drawing, childId: world.w.id };
      return (await b.send('POST', '/api/enrollments', coordinator, payload)).json().position;
    });
    expect(position).toBe(3);
    // from what this process knows by now, in the first co-op
    const payload = { classId: world.choir, childId: world.w.id };
    const there = await a.send('POST', '/api/enrollments', await a.coordinator(), payload);
    expect([there.statusCode, there.json().child.name]).toEqual([201, 'W']);
  });

  test('accepting an offer, once the child is free', async () => {
    await onlyInB(async () => {
      const canceled = await b.send('DELETE', `/api/enrollments/${world.elsewhere}`, coordinator);
      expect(canceled.statusCode).toBe(200);
      const accepted = await b.send('POST', `/api/enrollments/${world.offered}/accept`, coordinator);
      expect([accepted.statusCode, accepted.json().status]).toEqual([200, 'payment_pending']);
    });
  });

  test('a payment, a decline, and a delay', async () => {
    const settle = (outcome: Parameters<typeof settleCharge>[1]['outcome']) =>
      b.db.transaction((trx) => settleCharge(trx, { enrollmentId: world.held, outcome, terms }));
    expect(await onlyInB(() => settle({ kind: 'declined', providerChargeId: 'ch_1' }))).toBe('held');
    expect(await onlyInB(() => settle({ kind: 'succeeded', providerChargeId: 'ch_2' }))).toBe('charged');
    await both.harness.rows('update charges set last_error = $1 where coop_id = $2', 'down', b.coop.coopId);
    const options = { noticeMs: 0, isDown: false, limit: 10 };
    const due = `select from charges where coop_id = $1 and state = 'due'`;
    const expected = (await both.harness.rows(due, b.coop.coopId)).length;
    expect(await onlyInB(() => notifyDelays({ db: both.harness.database }, options))).toBe(expected);
  });

  test('freeing a seat, which goes to the first on the waitlist', async () => {
    await onlyInB(() => b.send('DELETE', `/api/enrollments/${world.held}`, coordinator));
    const promoted = await b.send('GET', `/api/enrollments/${world.behind[0]}`, coordinator);
    expect(promoted.json()).toMatchObject({ status: 'payment_pending' });
    const next = await b.send('GET', `/api/enrollments/${world.behind[1]}`, coordinator);
    expect(next.json()).toMatchObject({ status: 'waitlisted', position: 1 });
  });

  const jobsOfB = () =>
    both.harness.rows<{ id: number }>(
      'select class_job_id::int as id from class_jobs where coop_id = $1 order by 1',
      b.coop.coopId,
    );

  /** Carries out what is due. @returns how many enrollments that were. */
  const carryOut = async (): Promise<number> => {
    const stopping = new AbortController();
    let enrollments = 0;
    const onEvent = (event: ClassJobEvent): void => {
      if (event.type === 'failed') throw event.error;
      enrollments += event.enrollments;
    };
    const working = carryOutJobs({ db: both.harness.database, terms, pollMs: 5, onEvent }, stopping.signal);
    await waitFor('the jobs', async () => (await jobsOfB()).length === 0);
    stopping.abort();
    await working;
    return enrollments;
  };

  test('moving the cursor of a job, and putting it off', async () => {
    const [job] = await jobsOfB();
    await onlyInB(() => postponeClassJob(b.db, job!.id, 60_000));
    await onlyInB(() => b.db.transaction((trx) => advance(trx, { id: job!.id }, world.held)));
    const stored = 'select after_enrollment_id as after, due_at > now() as later from class_jobs where coop_id = $1';
    expect(await both.harness.rows(stored, b.coop.coopId)).toEqual([{ after: world.held, later: true }]);
    await both.harness.rows(
      `update class_jobs set after_enrollment_id = default, due_at = now() where coop_id = $1`,
      b.coop.coopId,
    );
  });

  test('moving a class, with its children and its jobs', async () => {
    const enrollments = await onlyInB(async () => {
      const payload = { startTime: '14:00', endTime: '15:00', capacity: 9 };
      const changed = await b.send('PATCH', `/api/classes/${world.drawing}`, coordinator, payload);
      expect([changed.statusCode, changed.json().waitlisted]).toEqual([200, 0]);
      return carryOut();
    });
    // that of the new room concerns those of then, that of the new hours all of now
    expect(enrollments).toBe(5);
    expect((await a.send('GET', `/api/classes/${world.drawing}`, {})).json()).toMatchObject({ startTime: '10:00' });
    expect((await b.send('GET', `/api/classes/${world.drawing}`, {})).json()).toMatchObject({ startTime: '14:00' });
  });

  test('canceling a class, with its enrollments, whose other job is pointless now', async () => {
    const enrollments = await onlyInB(async () => {
      await b.send('PATCH', `/api/classes/${world.drawing}`, coordinator, { room: 'Cellar' });
      const payload = { reason: 'Too few children' };
      const canceled = await b.send('POST', `/api/classes/${world.drawing}/cancel`, coordinator, payload);
      expect(canceled.statusCode).toBe(200);
      expect(await jobsOfB()).toHaveLength(1);
      return carryOut();
    });
    expect(enrollments).toBe(3);
    const left = await b.send('GET', `/api/enrollments?classId=${world.drawing}&status=waitlisted`, coordinator);
    expect(left.json()).toEqual({ items: [] });
  });

  test('importing a timetable', async () => {
    const csv = [
      'title,teacher,subject,room,weekday,start,end,first_day,last_day,age_min,age_max,capacity,price,description',
      'Choir,Choir,music,Barn,tuesday,10:00,11:30,2027-01-12,2027-05-18,7,11,12,145.00,Imported of B',
      'Sewing,Ines,art,Barn,monday,10:00,11:30,2027-01-11,2027-05-17,7,11,12,145.00,Imported of B',
    ].join('\n');
    const imported = await onlyInB(async () =>
      accepted(
        errors,
        await importClasses({ db: b.db, timeZone: 'UTC', terms }, { bytes: Buffer.from(csv), preview: false }),
      ),
    );
    expect(imported.report).toMatchObject({ created: 1, updated: 1 });
  });

  test('copying a family, and flagging its enrollments', async () => {
    const { familyId } = world.z;
    const family = aFamily({ familyId, version: 2, children: [] });
    await onlyInB(() => copyFamily({ db: b.db }, { eventId: uuidv7(), family }));
    const flagged = await both.harness.rows(
      `select distinct coop_id as id from enrollment_events where type = 'flagged'`,
    );
    expect(flagged).toEqual([{ id: b.coop.coopId }]);
    // the same event in the other co-op is another one
    const eventId = uuidv7();
    for (const side of [a, b]) {
      const renamed = { ...family, version: 3, name: 'Renamed' };
      await copyFamily({ db: side.db }, { eventId, family: renamed });
    }
    const names = await both.harness.rows('select name from families where family_id = $1', familyId);
    expect(names).toEqual([{ name: 'Renamed' }, { name: 'Renamed' }]);
  });

  test('rebuilding read models', async () => {
    await both.harness.rows('update class_seats set taken = 0 where coop_id = $1 and taken > 0', b.coop.coopId);
    await onlyInB(() => rebuildReadModels({ db: both.harness.database }, { write: true }));
    expect(await differences()).toEqual(none);
  });
});
