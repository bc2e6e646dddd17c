import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@homeroom/testing';
import { v7 as uuidv7 } from 'uuid';
import { ArrivingChildren } from '../../src/enrollments/arriving-children.ts';
import { copyFamily } from '../../src/families/copy-family.ts';
import { aFamily, startHarness, type Harness } from '../harness.ts';

let harness: Harness;
let impatient: Harness;
beforeAll(async () => {
  [harness, impatient] = await Promise.all([
    startHarness({ env: { ENROLL_WAIT_FOR_FAMILY_MS: '5000' } }),
    startHarness({ env: { ENROLL_WAIT_FOR_FAMILY_MS: '0' } }),
  ]);
});
afterAll(() => Promise.all([harness.close(), impatient.close()]));

const onItsWay = () => {
  const family = aFamily();
  return { family, child: { id: family.children[0]!.childId, name: '', familyId: family.familyId } };
};
const asked = (names: readonly string[]) => names.filter((name) => name === 'children_arrived').length;

describe('D13: enrolling a child whose family’s event has not arrived', () => {
  test('waits for it: the first try succeeds', async () => {
    const { family, child } = onItsWay();
    const { id } = await harness.openClass();
    const statements = jest.spyOn(harness.database, 'query');
    try {
      const answer = harness.enroll(child, id);
      await waitFor('the request to wait', () =>
        statements.mock.calls.some(([{ name }]) => name === 'children_arrived'),
      );
      await copyFamily({ db: harness.database }, { eventId: uuidv7(), family });
      expect((await answer).statusCode).toBe(201);
    } finally {
      statements.mockRestore();
    }
  });

  test('control: without waiting the same request is refused, and says when to come back', async () => {
    const { child } = onItsWay();
    const { id } = await impatient.openClass();
    const { result, names } = await impatient.counter.during(() => impatient.enroll(child, id));
    expect([result.statusCode, result.json().code, result.headers['retry-after']]).toEqual([
      409,
      'family_not_ready',
      '1',
    ]);
    expect(asked(names)).toBe(0);
  });

  test('a child that was removed is not waited for, nor one whose id is old', async () => {
    const { family, child } = onItsWay();
    const { id } = await harness.openClass();
    await copyFamily({ db: harness.database }, { eventId: uuidv7(), family });
    await copyFamily({ db: harness.database }, { eventId: uuidv7(), family: { ...family, version: 2, children: [] } });
    const old = { ...child, id: '0190f2a0-0000-7000-8000-000000000002' };
    const { result, names } = await harness.counter.during(async () => [
      await harness.enroll(child, id),
      await harness.enroll(old, id),
    ]);
    expect(result.map((answer) => [answer.statusCode, answer.json().code])).toEqual([
      [404, 'child_not_found'],
      [404, 'child_not_found'],
    ]);
    expect(asked(names)).toBe(0);
  });
});

describe('the poller', () => {
  const someone = () => ({ childId: uuidv7(), familyId: uuidv7() });

  test('runs one statement for all waiting requests, and none without one', async () => {
    const arriving = new ArrivingChildren(harness.database, { waitMs: 250, pollMs: 50 });
    const { result, names } = await harness.counter.during(() =>
      Promise.all(Array.from({ length: 100 }, () => arriving.wait(someone()))),
    );
    expect(result).toEqual(Array<boolean>(100).fill(false));
    expect(asked(names)).toBeGreaterThanOrEqual(1);
    expect(asked(names)).toBeLessThanOrEqual(5);
    arriving.close();
  });

  test('never finds a child for another family', async () => {
    const { family, child } = onItsWay();
    await copyFamily({ db: harness.database }, { eventId: uuidv7(), family });
    const arriving = new ArrivingChildren(harness.database, { waitMs: 200, pollMs: 10 });
    expect(await arriving.wait({ childId: child.id, familyId: uuidv7() })).toBe(false);
    expect(await arriving.wait({ childId: child.id, familyId: child.familyId })).toBe(true);
    expect(await arriving.wait({ childId: child.id, familyId: undefined })).toBe(true);
    arriving.close();
  });

  test('ends at the limit, when the client leaves, and when the process stops', async () => {
    const arriving = new ArrivingChildren(harness.database, { waitMs: 60_000, pollMs: 10, limit: 2 });
    const leaving = new AbortController();
    const waits = [arriving.wait(someone(), leaving.signal), arriving.wait(someone())];
    expect(await arriving.wait(someone())).toBe(false);
    leaving.abort();
    expect(await waits[0]).toBe(false);
    arriving.close();
    expect(await waits[1]).toBe(false);
    expect(await arriving.wait(someone())).toBe(false);
  });
});
