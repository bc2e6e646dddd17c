import { Problem } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { replayDeadLetter } from './replay-dead-letter.ts';
import { openDeadLetters, type DeadLetterFilter } from './store.ts';

const pageSize = 100;

/**
 * Replays everything open that fits, in the order in which it was stored, so that an aggregate's events keep theirs.
 * @returns how many were (or would be) replayed, and how many stay because they cannot travel as an event.
 */
export async function replayDeadLetters(
  database: Database,
  filter: Omit<DeadLetterFilter, 'status'>,
  { by, dryRun, say }: { by: string; dryRun: boolean; say: (line: string) => void },
): Promise<{ replayed: number; left: number }> {
  const count = { replayed: 0, left: 0 };
  let after: string | undefined;
  for (;;) {
    const page = await openDeadLetters(database, { ...filter, after, limit: pageSize });
    for (const { id, topic, eventType, reason, obstacle } of page) {
      const line = `${id} ${topic} ${eventType ?? 'unknown type'}: ${reason}`;
      if (obstacle !== null) {
        count.left += 1;
        say(`left      ${line} (${obstacle})`);
      } else if (dryRun || (await replayedNow(database, id, by))) {
        count.replayed += 1;
        say(`${dryRun ? 'would' : 'replayed'}  ${line}`);
      }
    }
    after = page.at(-1)?.id;
    if (page.length < pageSize) return count;
  }
}

/** False when somebody else has replayed it since it was listed. */
async function replayedNow(database: Database, id: string, by: string): Promise<boolean> {
  try {
    await replayDeadLetter(database, id, by);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'dead_letter_replayed') return false;
    throw error;
  }
}
