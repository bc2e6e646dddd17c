import { accepted, refused } from '@homeroom/chassis';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Statement } from '@homeroom/postgres';
import { errors } from '../../src/errors.ts';
import { readFacts } from '../../src/enrollments/read-facts.ts';
import { enrollChild } from '../../src/enrollments/enroll-child.ts';
import { ArrivingChildren } from '../../src/enrollments/arriving-children.ts';
import { KnownFacts } from '../../src/enrollments/known-facts.ts';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

/** A process that remembers the child and the class. */
const informed = async (known: KnownFacts, count: number, classId: string) => {
  const children = await harness.children(count);

  for (const child of children) {
    known.learn(
      harness.db.coopId,
      await readFacts(harness.db, { classId, childId: child.id, familyId: child.familyId }),
    );
  }
  return children;
};

/** Never waits for a child. */
const arriving = () => new ArrivingChildren(harness.database, { waitMs: 0 });
const accountId = uuidv7();

const enroll = (known: KnownFacts, child: { id: string; familyId: string }, classId: string, idempotencyKey?: string) =>
  harness.counter.during(async () =>
    accepted(
      errors,
      await enrollChild(
        { db: harness.db, known, arriving: arriving() },
        { classId, childId: child.id, familyId: child.familyId, accountId, idempotencyKey },
      ),
    ),
  );

test('enrolling is one round trip when the facts are known: a paid seat, a free one, a place', async () => {
  for (const [details, statement] of [
    [{ priceCents: 14_500 }, 'enroll_seat'],
    [{ priceCents: 0 }, 'enroll_seat'],
  ] as const) {
    const known = new KnownFacts();
    const { id } = await harness.openClass(details);
    const [child] = await informed(known, 1, id);
    const { names, roundTrips } = await enroll(known, child!, id);
    expect([roundTrips, names]).toEqual([1, [statement]]);
  }
  const known = new KnownFacts();
  const { id } = await harness.openClass({ capacity: 1 });
  const children = await informed(known, 3, id);
  await enroll(known, children[0]!, id);
  for (const child of children.slice(1)) {
    const { names, result } = await enroll(known, child, id);
    expect([names, result.status]).toEqual([['enroll_waitlist'], 'waitlisted']);
  }
});

test('S2: with a key enrolling is one round trip too, and its retry is three', async () => {
  const known = new KnownFacts();
  const { id } = await harness.openClass({ capacity: 1 });
  const children = await informed(known, 2, id);
  const seat = await enroll(known, children[0]!, id, 'a key');
  expect([seat.roundTrips, seat.names]).toEqual([1, ['enroll_seat_keyed']]);
  const place = await enroll(known, children[1]!, id, 'another key');
  expect([place.roundTrips, place.names, place.result.position]).toEqual([1, ['enroll_waitlist_keyed'], 1]);

  const retry = await enroll(known, children[0]!, id, 'a key');
  expect(retry.result).toEqual(JSON.parse(JSON.stringify(seat.result)));
  expect(retry.names).toEqual(['enroll_facts', 'find_idempotent_response']);
});

test('a process that remembers nothing reads once and writes once', async () => {
  const known = new KnownFacts();
  const { id } = await harness.openClass();
  const [child] = await harness.children(1);
  expect((await enroll(known, child!, id)).names).toEqual(['enroll_facts', 'enroll_seat']);
});

test('a stale class costs one more round trip, because the refusal returns the class as it is', async () => {
  const [here, elsewhere] = [new KnownFacts(), new KnownFacts()];
  const { id } = await harness.openClass({ capacity: 1 });
  const [late, later] = await informed(here, 2, id);
  const [first] = await informed(elsewhere, 1, id);
  await enroll(elsewhere, first!, id);
  const { names, result } = await enroll(here, late!, id);
  expect([names, result.status]).toEqual([['enroll_seat', 'enroll_waitlist'], 'waitlisted']);
  expect((await enroll(here, later!, id)).names).toEqual(['enroll_waitlist']);
});

test('a stale child costs two more round trips: the facts are read again', async () => {
  const known = new KnownFacts();
  const { id } = await harness.openClass();
  const [child] = await informed(known, 1, id);
  await harness.rows(`update children set version = 2, name = 'Another' where child_id = $1`, child!.id);
  const { names, result } = await enroll(known, child!, id);
  expect([names, result.child.name]).toEqual([['enroll_seat', 'enroll_facts', 'enroll_seat'], 'Another']);
});

test('when every attempt is overtaken the request is refused with Retry-After, instead of waiting forever', async () => {
  const { id } = await harness.openClass();
  const [child] = await harness.children(1);
  const overtaken = {
    ...harness.db,
    query: async <Row>(statement: Statement) => {
      const change = 'update classes set version = version + 1 where class_id = $1';
      if (statement.name === 'enroll_seat') await harness.rows(change, id);
      return harness.db.query<Row>(statement);
    },
  };
  const { names } = await harness.counter.during(() =>
    expect(
      enrollChild(
        { db: overtaken, known: new KnownFacts(), arriving: arriving() },
        { classId: id, childId: child!.id, familyId: child!.familyId, accountId },
      ),
    ).resolves.toEqual(refused('seats_contended')),
  );
  expect(() => accepted(errors, refused('seats_contended'))).toThrow(
    expect.objectContaining({ status: 503, extra: { retryAfterSeconds: 1 } }),
  );
  expect(names.filter((name) => name === 'enroll_seat')).toHaveLength(8);
});

test('a changed class is detected by the statement', async () => {
  const known = new KnownFacts();
  const { id } = await harness.openClass();
  const [child] = await informed(known, 1, id);
  const headers = await harness.coordinator();
  const payload = { priceCents: 20_000 };
  await harness.app.inject({ method: 'PATCH', url: `/api/classes/${id}`, headers, payload });
  const { names, result } = await enroll(known, child!, id);
  expect([names, result.amountCents]).toEqual([['enroll_seat', 'enroll_seat'], 20_000]);
});

test('nothing is refused from memory: what a process remembers may no longer be true', async () => {
  const known = new KnownFacts();
  const { id } = await harness.openClass();
  const [child] = await informed(known, 1, id);
  const made = await enroll(known, child!, id);
  await harness.cancel(made.result.id, await harness.guardian(child!.familyId));
  const { names, result } = await enroll(known, child!, id);
  expect([names, result.status]).toEqual([['enroll_facts', 'enroll_seat'], 'payment_pending']);
});

test('reading a class costs one query when it is cached nowhere, and none after that', async () => {
  const { id } = await harness.openClass();
  const read = () => harness.counter.during(() => harness.app.inject({ url: `/api/classes/${id}` }));
  expect((await read()).names).toEqual(['class_text']);
  expect((await read()).names).toEqual([]);
});

test('1,000 at once reading a class that is cached nowhere cost one query', async () => {
  const { id } = await harness.openClass();
  const { names, result } = await harness.counter.during(() =>
    Promise.all(Array.from({ length: 1_000 }, () => harness.app.inject({ url: `/api/classes/${id}` }))),
  );
  expect(names).toEqual(['class_text']);
  expect(new Set(result.map(({ statusCode, body }) => `${statusCode}${body}`)).size).toBe(1);
});

test('searching costs one query', async () => {
  await harness.openClass();
  const { names } = await harness.counter.during(() => harness.app.inject({ url: '/api/classes?q=pottery&age=8' }));
  expect(names).toEqual(['classes_search_text_age']);
});
