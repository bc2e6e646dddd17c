import { refused, type Refused } from '@homeroom/chassis';
import type { CoopDatabase } from '@homeroom/postgres';
import { findDeadLetter, markReplayed } from './store.ts';

type Replayed =
  | { readonly kind: 'replayed' }
  | Refused<'dead_letter_not_found' | 'dead_letter_not_replayable' | 'dead_letter_replayed'>;

/**
 * Publishes a dead letter again: its own key, headers, and bytes, to the topic it came from. Every group of the topic reads
 * it; those that had handled it recognize its id.
 * @param by who asked, for the record.
 */
export async function replayDeadLetter(db: CoopDatabase, id: string, by: string): Promise<Replayed> {
  const letter = await findDeadLetter(db, id);
  if (letter === undefined) return refused('dead_letter_not_found');
  if (letter.obstacle !== null) return refused('dead_letter_not_replayable', letter.obstacle);
  const headers = Object.fromEntries(
    letter.headers.map(([name, base64]) => [name, Buffer.from(base64, 'base64').toString('utf8')]),
  );
  const key = letter.key?.toString('utf8') ?? '';
  return (await markReplayed(db, id, { by, key, headers })) ? { kind: 'replayed' } : refused('dead_letter_replayed');
}
