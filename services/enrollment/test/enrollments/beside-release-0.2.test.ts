import { isRefused, type Refused } from '@homeroom/chassis';
import { firstCoopId, type FamilySnapshot } from '@homeroom/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { migrate, type CoopDatabase } from '@homeroom/postgres';
import { createTestDatabase, withClient } from '@homeroom/testing';
import { readdir, readFile } from 'node:fs/promises';
import { v7 as uuidv7 } from 'uuid';
import { ArrivingChildren } from '../../src/enrollments/arriving-children.ts';
import { cancelEnrollment } from '../../src/enrollments/cancel-enrollment.ts';
import { enrollChild } from '../../src/enrollments/enroll-child.ts';
import { KnownFacts } from '../../src/enrollments/known-facts.ts';
import type { Enrolled } from '../../src/enrollments/schemas.ts';
import { termsOf } from '../../src/seats/terms.ts';
import type { ClassView } from '../../src/classes/schemas.ts';
import { copyFamily } from '../../src/families/copy-family.ts';
import { changeClass } from '../../src/timetable/change-class.ts';
import { createClass } from '../../src/timetable/create-class.ts';
import { aFamily, pottery, startHarness, type Child, type Harness } from '../harness.ts';
import { asRelease02 } from '../release-0.2.ts';

/*
 * Version 0.2 counts seats in `classes`, this version in `class_seats`. During an upgrade both run, after a rollback the old
 * one alone: triggers keep both right.
 */

const terms = termsOf({ ENROLL_OFFER_HOURS: 48, PAYMENT_GRACE_HOURS: 48 });
let harness: Harness;
/** A process of each version. */
let processes: { old: CoopDatabase; new: CoopDatabase };
beforeAll(async () => {
  harness = await startHarness();
  processes = { old: asRelease02(harness.db), new: harness.db };
});
afterAll(() => harness.close());
beforeEach(() => relay());

/** What a relay of any version does with what it has published. */
const relay = () => harness.rows('delete from outbox');

type By = keyof typeof processes;

const enroll = (
  by: By,
  { id: childId, familyId }: Child,
  classId: string,
  key: { [Name in 'accountId' | 'idempotencyKey']?: string } = {},
) =>
  enrollChild(
    { db: processes[by], known: new KnownFacts(), arriving: new ArrivingChildren(harness.database, { waitMs: 0 }) },
    { classId, childId, familyId, accountId: uuidv7(), ...key },
  );

const enrolled = async (...given: Parameters<typeof enroll>): Promise<Enrolled> => {
  const outcome = await enroll(...given);
  if (isRefused(outcome)) throw new Error(outcome.code);
  return outcome;
};

const cancel = (by: keyof typeof processes, { id: enrollmentId }: Enrolled) =>
  cancelEnrollment({ db: processes[by], terms }, { enrollmentId, familyId: undefined });

const counters = async (classId: string) => {
  const columns = 'taken, waitlisted, last_number, capacity, version';
  const [old] = await harness.rows(`select ${columns} from classes where class_id = $1`, classId);
  const [now] = await harness.rows(`select ${columns} from class_seats where class_id = $1`, classId);
  return { old, new: now };
};

/** What both versions count, and what there is. */
const counted = async (classId: string) => {
  const { old, new: now } = await counters(classId);
  const [rows] = await harness.rows<{ taken: number; waitlisted: number }>(
    `select count(*) filter (where status in ('payment_pending', 'enrolled', 'offered'))::int as taken,
       count(*) filter (where status = 'waitlisted')::int as waitlisted from enrollments where class_id = $1`,
    classId,
  );
  expect(old).toEqual(now);
  expect(now).toMatchObject(rows!);
  return rows!;
};

test('the counters of an existing installation are carried over', async () => {
  const folder = new URL('../../migrations/', import.meta.url);
  const files = (await readdir(folder)).sort().slice(0, 3);
  const before = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const database = await createTestDatabase({ migrations: before }, { replica: false });
  try {
    await withClient(database.url, async (client) => {
      const id = uuidv7();
      await client.query(
        `insert into classes (class_id, version, title, description, subject, teacher, room, weekday, start_time, end_time,
           first_day, last_day, time_zone, age_min, age_max, capacity, price_cents, currency, status, taken, waitlisted, last_number)
         values ($1, 4, 'Chess', '', 'games', 'Bo', 'Barn', 'monday', '10:00', '11:00', '2027-01-11', '2027-05-21',
           'America/Chicago', 7, 11, 12, 0, 'USD', 'open', 12, 3, 9)`,
        [id],
      );
      await migrate({ url: database.url, directory: folder });
      const { rows } = await client.query('select * from class_seats');
      expect(rows).toEqual([
        { coop_id: firstCoopId, class_id: id, version: 4, capacity: 12, taken: 12, waitlisted: 3, last_number: 9 },
      ]);
    });
  } finally {
    await database.drop();
  }
});

describe('side by side', () => {
  /** 120 families want 30 seats, half of them from each version, while a relay runs. @returns what each of them got. */
  const rush = async (classId: string) => {
    const children = await harness.children(120);
    const rushing = new AbortController();
    const relaying = (async () => {
      while (!rushing.signal.aborted) await relay();
    })();
    const outcomes = await Promise.allSettled(
      children.map((child, index) => enroll(index % 2 === 0 ? 'old' : 'new', child, classId)),
    );
    rushing.abort();
    await relaying;
    return outcomes;
  };

  test('never oversold: of 120 families at once, 30 get a seat', async () => {
    const { id } = await harness.openClass({ capacity: 30 });
    const outcomes = await rush(id);
    const faults = outcomes.filter(({ status }) => status === 'rejected');
    // a conflict that outlives its retries is answered with 503
    for (const fault of faults) expect(fault).toMatchObject({ reason: { code: '40001' } });
    const answers = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const seats = answers.filter((answer) => !isRefused(answer) && answer.status === 'payment_pending');
    expect(seats).toHaveLength(30);
    await relay();
    const contended = answers.filter((answer): answer is Refused<'seats_contended'> => isRefused(answer)).length;
    expect(await counted(id)).toEqual({ taken: 30, waitlisted: 90 - faults.length - contended });
  });

  test('control: without the triggers the same rush oversells', async () => {
    const { id } = await harness.openClass({ capacity: 30 });
    await harness.rows('alter table classes disable trigger user');
    try {
      await rush(id);
      const sold = `select from enrollments where class_id = $1 and status = 'payment_pending'`;
      expect((await harness.rows(sold, id)).length).toBeGreaterThan(30);
    } finally {
      await harness.rows('alter table classes enable trigger user');
    }
  });

  test('an old process that knows nothing of the last seat writes nothing, and learns of it when it is relayed', async () => {
    const { id } = await harness.openClass({ capacity: 1 });
    const [first, second] = await harness.children(2);
    await enrolled('new', first!, id);
    await expect(enroll('old', second!, id)).rejects.toMatchObject({ code: '40001' });
    const written = `select from enrollments where child_id = $1
      union all select from children where child_id = $1 and slots <> '[]'`;
    expect(await harness.rows(written, second!.id)).toEqual([]);

    await relay();
    expect(await enrolled('old', second!, id)).toMatchObject({ status: 'waitlisted', position: 1 });
    expect(await counted(id)).toEqual({ taken: 1, waitlisted: 1 });
  });

  test('both see at once who waits, and number places in one order', async () => {
    const { id } = await harness.openClass({ capacity: 1 });
    const children = await harness.children(5);
    const order = ['old', 'new', 'old', 'new', 'old'] as const;
    const answers = [];
    for (const [index, by] of order.entries()) answers.push(await enrolled(by, children[index]!, id));
    expect(answers.map(({ position }) => position)).toEqual([undefined, 1, 2, 3, 4]);
    expect(await counted(id)).toEqual({ taken: 1, waitlisted: 4 });
    const numbers = await harness.rows<{ number: number }>(
      'select waitlist_number as number from enrollments where class_id = $1 and waitlist_number > 0 order by 1',
      id,
    );
    expect(numbers.map(({ number }) => number)).toEqual([1, 2, 3, 4]);
  });

  test('a seat that either frees goes to the first that waits, whichever version put it there', async () => {
    const { id } = await harness.openClass({ capacity: 2 });
    const children = await harness.children(6);
    const answers = [];
    for (const [index, child] of children.entries()) {
      answers.push(await enrolled(index % 2 === 0 ? 'new' : 'old', child, id));
      await relay();
    }
    await cancel('old', answers[0]!);
    expect(await counted(id)).toEqual({ taken: 2, waitlisted: 3 });
    await cancel('new', answers[1]!);
    expect(await counted(id)).toEqual({ taken: 2, waitlisted: 2 });
    const holders = await harness.rows<{ id: string }>(
      `select enrollment_id as id from enrollments where class_id = $1 and status = 'payment_pending' order by 1`,
      id,
    );
    expect(holders.map((one) => one.id)).toEqual([answers[2]!.id, answers[3]!.id]);
  });

  test('a class that either changes is changed for both, and promotes for both', async () => {
    const { id } = await harness.openClass({ capacity: 1 });
    const children = await harness.children(4);
    for (const child of children) {
      await enrolled('new', child, id);
      await relay();
    }
    for (const [by, capacity] of [
      ['old', 2],
      ['new', 3],
    ] as const) {
      const changed = await changeClass({ db: processes[by], terms }, { classId: id, patch: { capacity } });
      expect(changed).toMatchObject({ capacity, seatsLeft: 0, waitlisted: 4 - capacity });
      expect(await counted(id)).toEqual({ taken: capacity, waitlisted: 4 - capacity });
    }
    for (const by of ['old', 'new'] as const) {
      const refused = await changeClass({ db: processes[by], terms }, { classId: id, patch: { capacity: 2 } });
      expect(refused).toMatchObject({ code: 'capacity_below_taken' });
    }
  });
});

test('while more is to be relayed, a class is not reported with every batch; the last event reports what is left', async () => {
  const { id } = await harness.openClass({ capacity: 3 });
  for (const child of await harness.children(2)) await enrolled('new', child, id);
  const relayOldest = () =>
    harness.rows('delete from outbox where sequence = (select min(sequence) from outbox) returning sequence');
  // the class that was opened, and the first seat
  await relayOldest();
  await relayOldest();
  expect((await counters(id)).old).toMatchObject({ taken: 0 });
  expect(await relayOldest()).toHaveLength(1);
  expect(await counted(id)).toEqual({ taken: 2, waitlisted: 0 });
  expect(await harness.rows('select from unreported_seats')).toEqual([]);
});

test('after a rollback the old version goes on where this one stopped', async () => {
  const { id } = await harness.openClass({ capacity: 3 });
  const children = await harness.children(5);
  const before = [await enrolled('new', children[0]!, id), await enrolled('new', children[1]!, id)];
  // taken seats are reported when their events are relayed, by the old version's relay too
  expect((await counters(id)).old).toMatchObject({ taken: 0 });
  await relay();
  expect(await counted(id)).toEqual({ taken: 2, waitlisted: 0 });

  await enrolled('old', children[2]!, id);
  expect((await enrolled('old', children[3]!, id)).status).toBe('waitlisted');
  await cancel('old', before[0]!);
  expect(await counted(id)).toEqual({ taken: 3, waitlisted: 0 });
  // and this version again, after the next upgrade
  expect(await enrolled('new', children[4]!, id)).toMatchObject({ status: 'waitlisted', position: 1 });
  expect(await counted(id)).toEqual({ taken: 3, waitlisted: 1 });
});

describe('version 0.2 knows no co-ops', () => {
  const openClass = async (by: By, title: string, key: { accountId: string; idempotencyKey: string | undefined }) => {
    const given = { ...pottery, title, room: title, teacher: title };
    const outcome = await createClass({ db: processes[by], timeZone: 'UTC' }, { given, ...key });
    return isRefused(outcome) ? outcome.code : outcome;
  };
  const newKey = () => ({ accountId: uuidv7(), idempotencyKey: uuidv7() });
  const unkeyed = () => ({ accountId: uuidv7(), idempotencyKey: undefined });
  const copy = (by: By, family: FamilySnapshot, eventId = uuidv7()) =>
    copyFamily({ db: processes[by] }, { eventId, family });
  const both = [
    ['old', 'new'],
    ['new', 'old'],
  ] as const;

  test('all that it writes belongs to the first co-op', async () => {
    const family = aFamily();
    await copy('old', family);
    const child = { id: family.children[0]!.childId, name: '', familyId: family.familyId };
    const { id } = (await openClass('old', `Class ${uuidv7()}`, newKey())) as ClassView;
    const made = await enrolled('old', child, id, newKey());
    const [other] = await harness.children(1);
    await enrolled('old', other!, id, newKey());
    await cancel('old', made);
    const tables = await harness.rows<{ name: string }>(
      `select table_name as name from information_schema.columns
       where table_schema = 'public' and column_name = 'coop_id' and table_name <> 'coops' order by 1`,
    );
    const written: string[] = [];
    for (const { name } of tables) {
      if ((await harness.rows(`select from ${name}`)).length > 0) written.push(name);
      expect(await harness.rows(`select from ${name} where coop_id <> $1`, firstCoopId)).toEqual([]);
    }
    expect(written).toEqual(
      expect.arrayContaining(['charges', 'children', 'class_seats', 'classes', 'enrollment_events']),
    );
    expect(written).toEqual(expect.arrayContaining(['enrollments', 'families', 'idempotency_keys', 'inbox', 'outbox']));
    const read = await harness.app.inject({ url: `/api/enrollments/${made.id}`, headers: await harness.coordinator() });
    expect(read.json()).toMatchObject({ status: 'cancelled', class: { id } });
  });

  test.each(both)('a key that the %s version has claimed is answered by the %s one', async (first, then) => {
    const key = newKey();
    const title = `Class ${uuidv7()}`;
    const opened = (await openClass(first, title, key)) as ClassView;
    expect(await openClass(then, title, key)).toEqual(opened);

    const [child] = await harness.children(1);
    const given = newKey();
    const made = await enrolled(first, child!, opened.id, given);
    const again = await enroll(then, child!, opened.id, given);
    expect(again).toEqual(JSON.parse(JSON.stringify(made)));
  });

  test.each(both)('a class that the %s version has opened exists for the %s one', async (first, then) => {
    const title = `Class ${uuidv7()}`;
    expect(await openClass(first, title, unkeyed())).toMatchObject({ title });
    expect(await openClass(then, title, unkeyed())).toBe('class_exists');
  });

  test.each(both)('a family that the %s version has copied is changed by the %s one', async (first, then) => {
    const family = aFamily();
    const eventId = uuidv7();
    await copy(first, family, eventId);
    // the same event again, and then the next one
    await copy(then, { ...family, version: 2, name: 'Never' }, eventId);
    await copy(then, { ...family, version: 3, name: 'Changed' });
    const stored = 'select version, name from families where family_id = $1';
    expect(await harness.rows(stored, family.familyId)).toEqual([{ version: 3, name: 'Changed' }]);
    expect(await harness.rows('select from children where family_id = $1', family.familyId)).toHaveLength(1);
  });

  test('what it violates has the name that it knows', async () => {
    const { db } = harness;
    const add = () =>
      db.query({
        name: 'test_key_of_0_2',
        text: `insert into idempotency_keys (principal, key, request_hash) values ('someone', 'a key', '')`,
      });
    await add();
    await expect(add()).rejects.toMatchObject({ constraint: 'idempotency_keys_pkey' });
    const [one, two] = [await harness.openClass(), await harness.openClass()];
    await expect(
      harness.rows('update classes set title = $1 where class_id = $2', one.title, two.id),
    ).rejects.toMatchObject({ constraint: 'classes_natural_key' });
  });

  test('control: without the constraints of before, its statements have no conflict target', async () => {
    for (const table of ['classes', 'families', 'children', 'idempotency_keys']) {
      await harness.rows(`alter table ${table} drop constraint ${table}_before_coops`);
    }
    try {
      const noTarget = { code: '42P10' };
      await expect(copy('old', aFamily())).rejects.toMatchObject(noTarget);
      await expect(openClass('old', 'Chess', unkeyed())).rejects.toMatchObject(noTarget);
      await expect(openClass('old', 'Chess', newKey())).rejects.toMatchObject(noTarget);
    } finally {
      await harness.rows(
        'alter table classes add constraint classes_before_coops unique (title, teacher, weekday, start_time)',
      );
      await harness.rows('alter table families add constraint families_before_coops unique (family_id)');
      await harness.rows('alter table children add constraint children_before_coops unique (child_id)');
      await harness.rows(
        'alter table idempotency_keys add constraint idempotency_keys_before_coops unique (principal, key)',
      );
    }
  });
});
