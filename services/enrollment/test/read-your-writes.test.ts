import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pottery, startHarness, type Child, type Harness } from './harness.ts';

let harness: Harness;
let child: Child;
let headers: Record<string, string>;
beforeAll(async () => {
  harness = await startHarness({ replica: true });
  [child] = (await harness.children(1)) as [Child];
  headers = await harness.guardian(child.familyId);
});
afterAll(() => harness.close());

const list = async (of: Record<string, string>): Promise<string[]> =>
  (await harness.app.inject({ url: '/api/enrollments', headers: of })).json().items.map(({ id }: { id: string }) => id);

/** Runs `work` while the replica receives nothing. */
const whileTheReplicaLags = async (work: () => Promise<void>): Promise<void> => {
  await harness.testDatabase.waitForReplica();
  await harness.testDatabase.pauseReplica();
  try {
    await work();
  } finally {
    await harness.testDatabase.resumeReplica();
  }
};

test('a session that has just enrolled or canceled reads its own writes, however far the replica is behind', async () => {
  const { id: classId } = await harness.openClass();
  await whileTheReplicaLags(async () => {
    const { id } = (await harness.enroll(child, classId, headers)).json();
    expect(await list(headers)).toContain(id);
    expect(await list(headers)).toContain(id);
    await harness.cancel(id, headers);
    const detail = await harness.app.inject({ url: `/api/enrollments/${id}`, headers });
    expect(detail.json().status).toBe('cancelled');
  });
});

test('control: another session, which has written nothing, reads the replica and does not see it yet', async () => {
  const { id: classId } = await harness.openClass();
  const other = await harness.guardian(child.familyId);
  let id = '';
  await whileTheReplicaLags(async () => {
    id = (await harness.enroll(child, classId, headers)).json().id;
    expect(await list(other)).not.toContain(id);
  });
  await harness.testDatabase.waitForReplica();
  expect(await list(other)).toContain(id);
});

test('a coordinator who has just opened a class finds it in the catalog', async () => {
  const coordinator = await harness.coordinator();
  const titlesFor = async (of: Record<string, string>) =>
    (await harness.app.inject({ url: '/api/classes?q=telescope', headers: of })).json().items.length as number;
  await whileTheReplicaLags(async () => {
    const payload = { ...pottery, title: 'Telescope building', teacher: 'Galileo', room: 'Observatory' };
    const opened = await harness.app.inject({ method: 'POST', url: '/api/classes', headers: coordinator, payload });
    expect(opened.statusCode).toBe(201);
    expect(await titlesFor(coordinator)).toBe(1);
    expect(await titlesFor({})).toBe(0);
  });
});
