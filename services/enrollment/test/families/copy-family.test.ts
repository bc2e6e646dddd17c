import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import { copyFamily } from '../../src/families/copy-family.ts';
import { aFamily, startHarness, type Harness } from '../harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const take = (family: Parameters<typeof aFamily>[0], eventId = uuidv7()) =>
  copyFamily({ db: harness.db }, { eventId, family: aFamily(family) });
const copyOf = async (familyId: string) => ({
  families: await harness.rows('select version, name from families where family_id = $1', familyId),
  children: await harness.rows(
    'select name, version, removed from children where family_id = $1 order by child_id',
    familyId,
  ),
});
const [maya, noor] = [
  { childId: uuidv7(), name: 'Maya', birthDate: '2018-06-01' },
  { childId: uuidv7(), name: 'Noor', birthDate: '2019-06-01' },
];

test('the newest state wins in any order of events, and only changed children change', async () => {
  const familyId = uuidv7();
  await take({ familyId, version: 1, children: [maya, noor] });
  await take({ familyId, version: 4, name: 'Okafor-Lind', children: [maya, { ...noor, name: 'Noor Lind' }] });
  await take({ familyId, version: 3, name: 'Late', children: [] });
  expect(await copyOf(familyId)).toEqual({
    families: [{ version: 4, name: 'Okafor-Lind' }],
    children: [
      { name: 'Maya', version: 1, removed: false },
      { name: 'Noor Lind', version: 4, removed: false },
    ],
  });
});

test('a child that left its family is marked as removed, and can come back', async () => {
  const familyId = uuidv7();
  const child = { ...maya, childId: uuidv7() };
  await take({ familyId, version: 1, children: [child] });
  await take({ familyId, version: 2, children: [] });
  expect((await copyOf(familyId)).children).toEqual([{ name: 'Maya', version: 2, removed: true }]);
  const { id } = await harness.openClass();
  const refused = await harness.enroll({ id: child.childId, name: '', familyId }, id);
  // D13: known as removed, so there is nothing to wait for
  expect([refused.statusCode, refused.json().code]).toEqual([404, 'child_not_found']);
  await take({ familyId, version: 3, children: [child] });
  expect((await copyOf(familyId)).children).toEqual([{ name: 'Maya', version: 3, removed: false }]);
  expect((await harness.enroll({ id: child.childId, name: '', familyId }, id)).statusCode).toBe(201);
});

test('an event that is delivered again is ignored, even with other contents', async () => {
  const familyId = uuidv7();
  const eventId = uuidv7();
  await take({ familyId, version: 1, children: [] }, eventId);
  await Promise.all([
    take({ familyId, version: 2, name: 'Twice', children: [] }, eventId),
    take({ familyId, version: 2, name: 'Twice', children: [] }, eventId),
  ]);
  expect((await copyOf(familyId)).families).toEqual([{ version: 1, name: 'Okafor' }]);
});

test('control: without the version an older event would overwrite a newer one', async () => {
  const familyId = uuidv7();
  await take({ familyId, version: 2, name: 'New', children: [] });
  await take({ familyId, version: 3, name: 'Old as if newer', children: [] });
  expect((await copyOf(familyId)).families).toEqual([{ version: 3, name: 'Old as if newer' }]);
});

test('a decision about a child that has changed since is made again', async () => {
  const family = aFamily();
  const { id: classId } = await harness.openClass();
  const childId = family.children[0]!.childId;
  await copyFamily({ db: harness.db }, { eventId: uuidv7(), family });
  const other = await harness.openClass({ weekday: 'friday' });
  const child = { id: childId, name: '', familyId: family.familyId };
  await harness.enroll(child, other.id);
  const older = family.children.map((one) => ({ ...one, birthDate: '2008-06-01' }));
  await copyFamily({ db: harness.db }, { eventId: uuidv7(), family: { ...family, version: 2, children: older } });
  const refused = await harness.enroll(child, classId);
  expect([refused.statusCode, refused.json().code]).toEqual([422, 'age_out_of_range']);
});
