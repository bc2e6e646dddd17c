import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { firstCoopId } from '@homeroom/contracts';
import { waitFor } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
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
const waitingFor = (waitMs: string): Harness => (waitMs === '0' ? impatient : harness);

const onItsWay = () => {
  const family = aFamily();
  return { family, child: { id: family.children[0]!.childId, name: '', familyId: family.familyId } };
};
const asked = (names: readonly string[]) => names.filter((name) => name === 'children_arrived').length;

describe('D13: enrolling a child whose family’s event has not arrived', () => {
  testWithSwitch(
    'waits for it: the first try succeeds',
    {
      name: 'ENROLL_WAIT_FOR_FAMILY_MS',
      on: '5000',
      off: '0',
      failure: /\+ +false,\n\+ +409,\n\+ +"family_not_ready",\n\+ +"1",/,
    },
    async (waitMs) => {
      const service = waitingFor(waitMs);
      const { family, child } = onItsWay();
      const { id } = await service.openClass();
      const statements = jest.spyOn(service.database, 'query');
      const hasAsked = () => statements.mock.calls.some(([{ name }]) => name === 'children_arrived');
      try {
        let answered = false;
        const answer = service.enroll(child, id).finally(() => (answered = true));
        await waitFor('the request to wait, or its answer', () => hasAsked() || answered);
        await copyFamily({ db: service.db }, { eventId: uuidv7(), family });
        const { statusCode, headers, body } = await answer;
        const { code } = JSON.parse(body);
        expect([hasAsked(), statusCode, code, headers['retry-after']]).toEqual([true, 201, undefined, undefined]);
      } finally {
        statements.mockRestore();
      }
    },
  );

  test('a child that was removed is not waited for, nor one whose id is old', async () => {
    const { family, child } = onItsWay();
    const { id } = await harness.openClass();
    await copyFamily({ db: harness.db }, { eventId: uuidv7(), family });
    await copyFamily({ db: harness.db }, { eventId: uuidv7(), family: { ...family, version: 2, children: [] } });
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
  const coopId = firstCoopId;
  const someone = () => ({ coopId, childId: uuidv7(), familyId: uuidv7() });

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

  test('never finds a child for another family, nor in another co-op', async () => {
    const { family, child } = onItsWay();
    await copyFamily({ db: harness.db }, { eventId: uuidv7(), family });
    const arriving = new ArrivingChildren(harness.database, { waitMs: 200, pollMs: 10 });
    expect(await arriving.wait({ coopId, childId: child.id, familyId: uuidv7() })).toBe(false);
    expect(await arriving.wait({ coopId: uuidv7(), childId: child.id, familyId: undefined })).toBe(false);
    expect(await arriving.wait({ coopId, childId: child.id, familyId: child.familyId })).toBe(true);
    expect(await arriving.wait({ coopId, childId: child.id, familyId: undefined })).toBe(true);
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
