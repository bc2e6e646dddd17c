import { isRefused } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { replayDeadLetter } from './replay-dead-letter.ts';
import { listOpenDeadLetters, type DeadLetterFilter } from './store.ts';

const pageSize = 100;

/**
 * Replays everything open that matches, of all co-ops, in the order in which it was stored, so that an aggregate's events keep theirs.
 * @returns how many were (or would be) replayed, and how many stay because they cannot be events.
 */
export async function replayDeadLetters(
  database: Database,
  filter: Pick<DeadLetterFilter, 'topic' | 'reason'>,
  { by, dryRun, say }: { by: string; dryRun: boolean; say: (line: string) => void },
): Promise<{ replayed: number; left: number }> {
  const count = { replayed: 0, left: 0 };
  let after: string | undefined;
  for (;;) {
    const page = await listOpenDeadLetters(database, { ...filter, after, limit: pageSize });
    for (const { coopId, id, topic, eventType, reason, obstacle } of page) {
      const line = `${id} ${topic} ${eventType ?? 'unknown type'}: ${reason}`;
      if (obstacle !== null) {
        count.left += 1;
        say(`left      ${line} (${obstacle})`);
        // another process may have replayed it since it was listed
      } else if (dryRun || !isRefused(await replayDeadLetter(database.ofCoop(coopId), id, by))) {
        count.replayed += 1;
        say(`${dryRun ? 'would' : 'replayed'}  ${line}`);
      }
    }
    after = page.at(-1)?.id;
    if (page.length < pageSize) return count;
  }
}
