import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { runProgram } from '@homeroom/testing';
import { testWithSwitch } from '@homeroom/testing/switch';
import { addDeadLetter } from '../../src/dead-letters/store.ts';
import { aDeadLetter } from '../dead-letters/a-dead-letter.ts';
import { openEngines, type Engines } from '../harness.ts';

let harness: Engines;

beforeAll(async () => {
  harness = await openEngines();
});
beforeEach(() => harness.database.query({ name: 'test_clear', text: 'truncate dead_letters, outbox' }));
afterAll(() => harness.close());

const run = (args: string[], env: Record<string, string> = { DATABASE_URL: harness.testDatabase.url }) =>
  runProgram(new URL('../../src/commands/replay-dead-letters.ts', import.meta.url), args, { env });
const outbox = async (): Promise<string[]> =>
  (await harness.rows<{ topic: string }>('select topic from outbox order by sequence')).map(({ topic }) => topic);

describe('replay-dead-letters', () => {
  test('--help explains itself', async () => {
    const { code, out } = await run(['--help'], {});
    expect(code).toBe(0);
    for (const word of ['--topic', '--reason', '--dry-run', 'DATABASE_URL']) expect(out).toContain(word);
  });

  /** One that fits the filter of a test, another that does not, and one that cannot be replayed. */
  const threeLetters = async (): Promise<void> => {
    await addDeadLetter(harness.db, aDeadLetter({ topic: 'homeroom.family.v1', reason: 'Timeout' }));
    await addDeadLetter(harness.db, aDeadLetter({ topic: 'homeroom.class.v1', reason: 'not a time zone' }));
    await addDeadLetter(
      harness.db,
      aDeadLetter({ topic: 'homeroom.class.v1', reason: 'timeout', obstacle: 'it has no value', value: null }),
    );
  };

  testWithSwitch(
    'replays what is open, leaves what cannot be, and a second run replays only what has come since',
    {
      name: '--dry-run',
      on: [] as string[],
      off: ['--dry-run'],
      failure: /\+ +"outbox": Array \[\],\n[^]*\+ +"said": "would replay 2, left 1 that cannot be"/,
    },
    async (flags) => {
      await threeLetters();
      const last = async () => (await run(flags)).out.trim().split('\n').at(-1);
      expect({ said: await last(), outbox: await outbox() }).toEqual({
        said: 'replayed 2, left 1 that cannot be',
        outbox: ['homeroom.family.v1', 'homeroom.class.v1'],
      });
      await addDeadLetter(harness.db, aDeadLetter({ topic: 'homeroom.enrollment.v1' }));
      expect(await last()).toBe('replayed 1, left 1 that cannot be');
      expect(await outbox()).toEqual(['homeroom.family.v1', 'homeroom.class.v1', 'homeroom.enrollment.v1']);
    },
    60_000,
  );

  test('replays only what fits', async () => {
    await threeLetters();
    const { out } = await run(['--reason', 'TIMEOUT', '--topic', 'homeroom.family.v1']);
    expect(out).toContain('replayed 1, left 0 that cannot be');
    expect(await outbox()).toEqual(['homeroom.family.v1']);
  });

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
