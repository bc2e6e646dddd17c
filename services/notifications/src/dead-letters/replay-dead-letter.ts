import type { Database } from '@homeroom/postgres';
import { errors } from '../errors.ts';
import { findDeadLetter, replay } from './store.ts';

/**
 * Sends a dead letter on its way again: its own key, headers and bytes, to the topic it came from. Every group of the topic
 * reads it; those that had handled it recognise its id.
 * @param by who asked, for the record.
 */
export async function replayDeadLetter(database: Database, id: string, by: string): Promise<void> {
  const letter = await findDeadLetter(database, id);
  if (letter === undefined) throw errors.problem('dead_letter_not_found');
  if (letter.obstacle !== null) throw errors.problem('dead_letter_not_replayable', letter.obstacle);
  const named = JSON.parse(letter.headers) as [string, string][];
  const headers = Object.fromEntries(
    named.map(([name, base64]) => [name, Buffer.from(base64, 'base64').toString('utf8')]),
  );
  const key = letter.key?.toString('utf8') ?? '';
  if (!(await replay(database, id, { by, key, headers }))) throw errors.problem('dead_letter_replayed');
}
