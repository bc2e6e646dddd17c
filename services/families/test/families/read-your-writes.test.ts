import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { registrationOf, password, startHarness, type Harness } from '../harness.ts';

let service: Harness;
beforeAll(async () => {
  service = await startHarness({ replica: true });
});
afterAll(() => service.close());

async function whileReplicaStands(work: () => Promise<void>): Promise<void> {
  await service.testDatabase.waitForReplica();
  await service.testDatabase.pauseReplica();
  try {
    await work();
  } finally {
    await service.testDatabase.resumeReplica();
  }
}

test('a session sees its own write while the replica stands still, and another one the older state', async () => {
  const writer = await service.family();
  const reader = await service.signIn(writer.email);
  const url = `/api/families/${writer.family.id}`;
  await whileReplicaStands(async () => {
    await writer.send('PATCH', url, { name: 'New' });
    for (let time = 0; time < 3; time++) expect((await writer.send('GET', url)).body.name).toBe('New');
    // the control: reads do go to the replica, and it is behind
    expect((await reader.send('GET', url)).body.name).toBe('Okafor');
  });
  await service.testDatabase.waitForReplica();
  expect((await reader.send('GET', url)).body.name).toBe('New');
});

test('the writer goes back to the replica once that has caught up', async () => {
  const writer = await service.family();
  const url = `/api/families/${writer.family.id}`;
  await writer.send('PATCH', url, { name: 'New' });
  await writer.send('GET', url);
  await service.testDatabase.waitForReplica();
  const { names, result } = await service.counter.during(() => writer.send('GET', url));
  expect(result.body.name).toBe('New');
  expect(names).toContain('replayed');
  expect(names).not.toContain('position');
});

test('a family that registered a moment ago can sign in and read what the replica does not know', async () => {
  await whileReplicaStands(async () => {
    const { body: family } = await service.anonymous.send('POST', '/api/families', registrationOf());
    const client = await service.signIn(family.guardians[0].email, password);
    const { status, body } = await client.send('GET', `/api/families/${family.id}`);
    expect([status, body]).toEqual([200, family]);
  });
});

test('a coordinator finds a family right after changing it', async () => {
  const coordinator = await service.coordinator();
  const { family } = await service.family();
  await whileReplicaStands(async () => {
    await coordinator.send('PATCH', `/api/families/${family.id}`, { name: 'Quetzal' });
    const { body } = await coordinator.send('GET', '/api/families?q=quetzal');
    expect(body.items).toHaveLength(1);
  });
});
