import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { keepDeadLetter } from '../../src/dead-letters/store.ts';
import { aDeadLetter } from '../dead-letters/a-dead-letter.ts';
import { Closing, openHouse, type TestHouse } from '../harness.ts';

const closing = new Closing();
let house: TestHouse;

beforeAll(async () => {
  house = await openHouse(closing);
});
beforeEach(() => house.database.query({ name: 'test_clear', text: 'truncate dead_letters, outbox' }));
afterAll(() => closing.closeAll());

const command = fileURLToPath(new URL('../../src/commands/replay-dead-letters.ts', import.meta.url));

function run(
  args: string[],
  env: Record<string, string> = { DATABASE_URL: house.testDatabase.url },
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--conditions=@homeroom/source', command, ...args],
      { env: { PATH: process.env['PATH'], ...env } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}
const outbox = async (): Promise<string[]> =>
  (
    await house.database.query<{ topic: string }>({
      name: 'test_outbox',
      text: 'select topic from outbox order by sequence',
    })
  ).rows.map(({ topic }) => topic);

describe('replay-dead-letters', () => {
  test('--help explains itself', async () => {
    const { code, out } = await run(['--help'], {});
    expect(code).toBe(0);
    for (const word of ['--topic', '--reason', '--dry-run', 'DATABASE_URL']) expect(out).toContain(word);
  });

  test('replays what fits and is open, leaves what cannot be, and a second run does nothing', async () => {
    await keepDeadLetter(house.database, aDeadLetter({ topic: 'homeroom.family.v1', reason: 'Timeout' }));
    await keepDeadLetter(house.database, aDeadLetter({ topic: 'homeroom.class.v1', reason: 'not a time zone' }));
    await keepDeadLetter(
      house.database,
      aDeadLetter({ topic: 'homeroom.class.v1', reason: 'timeout', obstacle: 'it has no value', value: null }),
    );

    expect((await run(['--dry-run'])).out).toContain('would replay 2, left 1 that cannot be');
    expect(await outbox()).toEqual([]);
    expect((await run(['--reason', 'TIMEOUT', '--topic', 'homeroom.family.v1'])).out).toContain('replayed 1, left 0');
    expect(await outbox()).toEqual(['homeroom.family.v1']);
    expect((await run([])).out).toContain('replayed 1, left 1');
    expect(await outbox()).toEqual(['homeroom.family.v1', 'homeroom.class.v1']);
    expect((await run([])).out).toContain('replayed 0, left 1');
  }, 60_000);

  test.each([[['--topic', 'other']], [['--force']], [['stray']]])('%j is explained and exits 64', async (args) => {
    const { code, err } = await run(args);
    expect(code).toBe(64);
    expect(err).toContain('replay-dead-letters [--topic');
  });

  test('without a database’s address it says so and exits 78', async () => {
    const { code, err } = await run([], {});
    expect(code).toBe(78);
    expect(err).toContain('DATABASE_URL');
  });
});
