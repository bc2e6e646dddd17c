import { firstCoopId } from '@homeroom/contracts';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { startHarness, without, type Child, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

type Headers = Record<string, string>;
type Answer = Awaited<ReturnType<Harness['enroll']>>;

/** What a client sees, without the request's own id. */
const seen = (answer: Answer): object => ({ status: answer.statusCode, ...without(answer.json(), 'instance') });

/** Bob has enrolled with a key. */
const bobEnrolls = async () => {
  const [bobs, alices] = (await harness.children(2)) as [Child, Child];
  const { id: classId } = await harness.openClass();
  const bob = await harness.guardian(bobs.familyId);
  const key = uuidv7();
  const first = await harness.enroll(bobs, classId, { ...bob, 'idempotency-key': key });
  expect(first.statusCode).toBe(201);
  return { bobs, alices, classId, bob, alice: await harness.guardian(alices.familyId), key, first };
};

const withKey = (headers: Headers, key: string): Headers => ({ ...headers, 'idempotency-key': key });

describe('S2: an Idempotency-Key belongs to the account that sent it', () => {
  test('another guardian with Bob’s class, child, and key gets the same answer as without a key', async () => {
    const { bobs, classId, alice, key, first } = await bobEnrolls();
    const replayed = await harness.enroll(bobs, classId, withKey(alice, key));
    expect(seen(replayed)).toEqual(seen(await harness.enroll(bobs, classId, alice)));
    expect(replayed.body).not.toContain(bobs.name);
    expect(replayed.body).not.toContain(first.json().id);
  });

  test('another guardian with the key and another class learns nothing about the key', async () => {
    const { bobs, alice, key } = await bobEnrolls();
    for (const classId of [(await harness.openClass({ weekday: 'friday' })).id, uuidv7()]) {
      const replayed = await harness.enroll(bobs, classId, withKey(alice, key));
      expect(seen(replayed)).toEqual(seen(await harness.enroll(bobs, classId, alice)));
    }
  });

  test('another guardian uses the same key for her own child', async () => {
    const { alices, classId, alice, key, first } = await bobEnrolls();
    const hers = await harness.enroll(alices, classId, withKey(alice, key));
    expect([hers.statusCode, hers.json().child.id]).toEqual([201, alices.id]);
    expect(hers.json().id).not.toBe(first.json().id);
  });

  test('a coordinator with the same key is answered as without one', async () => {
    const { bobs, classId, key } = await bobEnrolls();
    const coordinator = await harness.coordinator();
    const replayed = await harness.enroll(bobs, classId, withKey(coordinator, key));
    expect(seen(replayed)).toMatchObject({ status: 409, code: 'already_enrolled' });
  });

  test('with guessed ids and any key the answer is that of guessed ids', async () => {
    const { bobs, classId, alice, key } = await bobEnrolls();
    const old = { ...bobs, id: '0190f2a0-0000-7000-8000-000000000001' };
    for (const [child, wanted] of [
      [old, classId],
      [old, uuidv7()],
      [bobs, uuidv7()],
    ] as const) {
      expect(seen(await harness.enroll(child, wanted, withKey(alice, key)))).toEqual(
        seen(await harness.enroll(child, wanted, withKey(alice, uuidv7()))),
      );
    }
  });

  test('its owner gets the first answer again, also with a new session and after the enrollment was canceled', async () => {
    const [child] = (await harness.children(1)) as [Child];
    const { id: classId } = await harness.openClass();
    const principal = { accountId: uuidv7(), role: 'guardian', coopId: firstCoopId, familyId: child.familyId } as const;
    const key = uuidv7();
    const first = await harness.enroll(child, classId, withKey(await harness.signedIn(principal), key));
    expect((await harness.enroll(child, classId, withKey({}, key))).statusCode).toBe(401);

    const again = withKey(await harness.signedIn(principal), key);
    expect((await harness.enroll(child, classId, again)).body).toBe(first.body);
    await harness.cancel(first.json().id, again);
    const replayed = await harness.enroll(child, classId, again);
    expect([replayed.statusCode, replayed.body]).toEqual([201, first.body]);
    expect(await harness.rows('select from enrollments where class_id = $1', classId)).toHaveLength(1);
  });

  test('its owner cannot use it for another request, nor to read what is no longer hers', async () => {
    const { bobs, classId, bob, key } = await bobEnrolls();
    const other = await harness.openClass({ weekday: 'friday' });
    expect(seen(await harness.enroll(bobs, other.id, withKey(bob, key)))).toMatchObject({
      status: 422,
      code: 'idempotency_key_reused',
    });
    await harness.rows('update children set removed = true, version = version + 1 where child_id = $1', bobs.id);
    expect(seen(await harness.enroll(bobs, classId, withKey(bob, key)))).toMatchObject({
      status: 404,
      code: 'child_not_found',
    });
  });

  test('a key from before the upgrade, whose account is unknown, is never replayed', async () => {
    const { bobs, classId, bob } = await bobEnrolls();
    await harness.rows(`update enrollments set idempotency_key = 'old' where child_id = $1`, bobs.id);
    expect(seen(await harness.enroll(bobs, classId, withKey(bob, 'old')))).toMatchObject({
      status: 409,
      code: 'already_enrolled',
    });
  });

  test('a request that is refused leaves its key unused', async () => {
    const [child] = (await harness.children(1)) as [Child];
    const { id: classId } = await harness.openClass({ status: 'closed' });
    const headers = withKey(await harness.guardian(child.familyId), uuidv7());
    expect((await harness.enroll(child, classId, headers)).json().code).toBe('class_closed');
    await harness.rows(`update classes set status = 'open', version = version + 1 where class_id = $1`, classId);
    expect((await harness.enroll(child, classId, headers)).statusCode).toBe(201);
  });

  test('negative control: were keys those of one account, the second family would be refused', async () => {
    const [one, two] = (await harness.children(2)) as [Child, Child];
    const { id: classId } = await harness.openClass();
    const accountId = uuidv7();
    const key = uuidv7();
    const answers = [];
    for (const child of [one, two]) {
      const headers = await harness.signedIn({
        accountId,
        role: 'guardian',
        coopId: firstCoopId,
        familyId: child.familyId,
      });
      answers.push((await harness.enroll(child, classId, withKey(headers, key))).statusCode);
    }
    expect(answers).toEqual([201, 422]);
  });
});
