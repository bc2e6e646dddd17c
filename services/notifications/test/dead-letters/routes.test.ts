import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ZodFastify } from '@homeroom/chassis';
import { addDeadLetter } from '../../src/dead-letters/store.ts';
import { type Harness, someCoordinator, startHarness } from '../harness.ts';
import { aDeadLetter } from './a-dead-letter.ts';

let harness: Harness;
let app: ZodFastify;
let headers: { cookie: string };

interface List {
  items: { id: string; topic: string; reason: string; status: string }[];
  nextCursor?: string;
}

beforeAll(async () => {
  harness = await startHarness();
  ({ app } = harness);
});
beforeEach(async () => {
  await harness.database.query({ name: 'test_clear', text: 'truncate dead_letters, outbox' });
  headers = await harness.signedIn(someCoordinator());
});
afterAll(() => harness.close());

const list = async (query = ''): Promise<List> => {
  await harness.testDatabase.waitForReplica();
  return (await app.inject({ url: `/api/dead-letters${query}`, headers })).json<List>();
};
const replay = (id: string): ReturnType<ZodFastify['inject']> =>
  app.inject({ method: 'POST', url: `/api/dead-letters/${id}/replay`, headers }) as never;
const outbox = async (): Promise<{ topic: string; key: string; headers: object; payload: Buffer }[]> =>
  (
    await harness.database.query<{ topic: string; key: string; headers: object; payload: Buffer }>({
      name: 'test_outbox',
      text: 'select topic, key, headers, payload from outbox',
    })
  ).rows;

describe('dead letters', () => {
  test('are listed newest first, page by page, each once', async () => {
    for (let index = 0; index < 25; index++)
      await addDeadLetter(harness.db, aDeadLetter({ reason: `reason ${index}` }));
    const reasons: string[] = [];
    let cursor = '';
    do {
      const page = await list(`?limit=10${cursor}`);
      reasons.push(...page.items.map(({ reason }) => reason));
      cursor = page.nextCursor === undefined ? '' : `&cursor=${page.nextCursor}`;
    } while (cursor !== '');
    expect(reasons).toEqual(Array.from({ length: 25 }, (_, index) => `reason ${24 - index}`));
  });

  test('are found by topic, by a part of the reason in any case, and by status', async () => {
    await addDeadLetter(harness.db, aDeadLetter({ reason: 'TypeError: 100% _broken_' }));
    await addDeadLetter(harness.db, aDeadLetter({ topic: 'homeroom.class.v1', reason: 'not a time zone' }));
    expect((await list('?topic=homeroom.class.v1')).items).toHaveLength(1);
    expect((await list('?reason=typeerror')).items).toHaveLength(1);
    expect((await list(`?reason=${encodeURIComponent('% _')}`)).items).toHaveLength(1);
    expect((await list(`?reason=${encodeURIComponent('%b')}`)).items).toHaveLength(0);
    const [first] = (await list('?status=open')).items;
    await replay(first?.id ?? '');
    expect((await list('?status=open')).items).toHaveLength(1);
    expect((await list('?status=replayed')).items).toMatchObject([{ id: first?.id, status: 'replayed' }]);
  });

  test('the same place in the topic twice is one', async () => {
    const letter = aDeadLetter();
    await addDeadLetter(harness.db, letter);
    await addDeadLetter(harness.db, letter);
    expect((await list()).items).toHaveLength(1);
  });

  test('one is shown whole, in base64', async () => {
    const value = Buffer.from([0, 255, 1]);
    await addDeadLetter(harness.db, aDeadLetter({ value, key: null, obstacle: 'its key is not text' }));
    const [item] = (await list()).items;
    const whole = await app.inject({ url: `/api/dead-letters/${item?.id ?? ''}`, headers });
    expect(whole.json()).toMatchObject({
      value: value.toString('base64'),
      headers: [{ name: 'ce_id', value: 'MQ==' }],
      obstacle: 'its key is not text',
    });
    expect(whole.json()).not.toHaveProperty('key');
  });

  test('a replay puts the original into the outbox, byte for byte; twenty at once put it there once', async () => {
    const value = Buffer.from([0, 255, 1, 123]);
    const letter = aDeadLetter({
      value,
      headers: [
        ['ce_id', 'MQ=='],
        ['x-ünï', Buffer.from('wörth').toString('base64')],
      ],
    });
    await addDeadLetter(harness.db, letter);
    const [item] = (await list()).items;
    const answers = await Promise.all(Array.from({ length: 20 }, () => replay(item?.id ?? '')));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, ...Array<number>(19).fill(409)]);
    const rows = await outbox();
    expect(rows).toEqual([
      {
        topic: 'homeroom.family.v1',
        key: letter.key?.toString(),
        headers: { ce_id: '1', 'x-ünï': 'wörth' },
        payload: value,
      },
    ]);
  });

  test('one that cannot be published as an event is not replayed, and says why', async () => {
    await addDeadLetter(harness.db, aDeadLetter({ value: null, obstacle: 'it has no value' }));
    const [item] = (await list()).items;
    const answer = await replay(item?.id ?? '');
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({ code: 'dead_letter_not_replayable', detail: 'it has no value' });
    expect(await outbox()).toEqual([]);
  });
});
