import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FamilySnapshot } from '@homeroom/contracts';
import { v7 as uuidv7 } from 'uuid';
import { rebuildReadModels } from '../../src/enrollments/rebuild-read-models.ts';
import { copyFamily } from '../../src/families/copy-family.ts';
import { aFamily, startHarness, type Harness } from '../harness.ts';

let harness: Harness;
let coordinator: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness();
  coordinator = await harness.coordinator();
});
afterAll(() => harness.close());

const take = (family: FamilySnapshot, change: Partial<FamilySnapshot> = {}) =>
  copyFamily({ db: harness.db }, { eventId: uuidv7(), family: { ...family, ...change } });
const newFamily = async () => {
  const family = aFamily();
  await take(family);
  const [child] = family.children as [FamilySnapshot['children'][number]];
  return { family, child, asked: { id: child.childId, name: child.name, familyId: family.familyId } };
};
const rosterOf = async (classId: string) =>
  (await harness.app.inject({ url: `/api/classes/${classId}/roster`, headers: coordinator })).json().items;
const flagged = (id: string) =>
  harness.rows(
    `select convert_from(payload, 'UTF8')::jsonb ->> 'reason' as reason from outbox
      where key = $1 and headers ->> 'ce_type' = 'homeroom.enrollment.flagged.v1' order by sequence`,
    id,
  );

describe('D10: a child that no longer fits what it is enrolled in', () => {
  test('a child that left its family is flagged, once per enrollment, and nothing else changes', async () => {
    const { family, asked } = await newFamily();
    const [one, two] = [await harness.openClass(), await harness.openClass({ weekday: 'friday' })];
    const ids: string[] = [];
    for (const { id } of [one, two]) ids.push((await harness.enroll(asked, id, coordinator)).json().id);
    expect((await rosterOf(one.id))[0].flags).toEqual([]);

    await take(family, { version: 2, children: [] });
    await take(family, { version: 3, name: 'Okafor-Lind', children: [] });
    for (const id of ids) expect(await flagged(id)).toEqual([{ reason: 'child_removed' }]);
    expect((await rosterOf(one.id))[0]).toMatchObject({ status: 'payment_pending', flags: ['child_removed'] });
    expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences).toEqual({
      enrollments: 0,
      classes: 0,
      children: 0,
    });

    await take(family, { version: 4 });
    expect((await rosterOf(one.id))[0].flags).toEqual([]);
    await take(family, { version: 5, children: [] });
    expect(await flagged(ids[0]!)).toHaveLength(1);
  });

  test('a birth date outside the class’s range is flagged; one within it, or a new name, is not', async () => {
    const { family, child, asked } = await newFamily();
    const [narrow, wide] = [await harness.openClass(), await harness.openClass({ weekday: 'friday', ageMax: 90 })];
    const id = (await harness.enroll(asked, narrow.id, coordinator)).json().id as string;
    const wideId = (await harness.enroll(asked, wide.id, coordinator)).json().id as string;
    await take(family, { version: 2, children: [{ ...child, name: 'Maya Lind', birthDate: '2019-06-01' }] });
    expect(await flagged(id)).toEqual([]);
    await take(family, { version: 3, children: [{ ...child, birthDate: '2008-06-01' }] });
    expect(await flagged(id)).toEqual([{ reason: 'age_out_of_range' }]);
    expect(await flagged(wideId)).toEqual([]);
    expect((await rosterOf(narrow.id))[0].flags).toEqual(['age_out_of_range']);
    expect((await rosterOf(wide.id))[0].flags).toEqual([]);
  });

  test('enrollments that have ended are not flagged', async () => {
    const { family, asked } = await newFamily();
    const { id: classId } = await harness.openClass();
    const { id } = (await harness.enroll(asked, classId, coordinator)).json();
    await harness.cancel(id, coordinator);
    await take(family, { version: 2, children: [] });
    expect(await flagged(id)).toEqual([]);
  });
});

describe('D15: a coordinator overrides an age limit', () => {
  const enroll = (
    { id: childId }: { id: string },
    classId: string,
    headers: Record<string, string>,
    override?: object,
  ) =>
    harness.app.inject({ method: 'POST', url: '/api/enrollments', headers, payload: { classId, childId, override } });
  const override = { age: true, reason: 'Her sister is in the class' };

  test('with a reason, which history and roster show, and which is not flagged later', async () => {
    const { family, child, asked } = await newFamily();
    const { id: classId } = await harness.openClass({ ageMin: 14, ageMax: 16 });
    expect((await enroll(asked, classId, coordinator)).json().code).toBe('age_out_of_range');
    const made = await enroll(asked, classId, coordinator, override);
    expect(made.statusCode).toBe(201);
    const { id } = made.json();
    const found = (await harness.app.inject({ url: `/api/enrollments/${id}`, headers: coordinator })).json();
    expect(found.history[0]).toMatchObject({ type: 'seat-held', override });
    expect((await rosterOf(classId))[0]).toMatchObject({ override, flags: [] });
    await take(family, { version: 2, children: [{ ...child, birthDate: '2019-01-01' }] });
    expect(await flagged(id)).toEqual([]);
    expect((await rebuildReadModels({ db: harness.database }, { write: false })).differences.enrollments).toBe(0);
  });

  test('a guardian cannot, nor a coordinator without a reason', async () => {
    const { asked } = await newFamily();
    const { id: classId } = await harness.openClass({ ageMin: 14, ageMax: 16 });
    const guardian = await harness.guardian(asked.familyId);
    const refused = await enroll(asked, classId, guardian, override);
    expect([refused.statusCode, refused.json().code]).toEqual([403, 'forbidden_role']);
    for (const wrong of [{ age: true }, { age: true, reason: ' ' }, { age: false, reason: 'x' }, { reason: 'x' }]) {
      expect((await enroll(asked, classId, coordinator, wrong)).statusCode).toBe(422);
    }
  });

  test('only the age: every other rule still holds', async () => {
    const { asked } = await newFamily();
    const { id: classId } = await harness.openClass({ status: 'closed', ageMin: 14, ageMax: 16 });
    expect((await enroll(asked, classId, coordinator, override)).json().code).toBe('class_closed');
  });
});
