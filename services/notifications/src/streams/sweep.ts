import type { Database } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';
import type { OpenStreams } from './open-streams.ts';
import { lastPositions } from './store.ts';

const sweepSize = 1_000;

/** Compares every stream with its inbox in Postgres, so that a lost announcement is late at most. */
export async function sweepInboxes(streams: OpenStreams, database: Database): Promise<void> {
  for (const audiences of batches(streams.audiences())) {
    for (const [audience, position] of await lastPositions(database, audiences)) {
      for (const stream of streams.ofAudience(audience)) stream.expect(position);
    }
  }
}

/** Ends every stream whose session has ended. */
export async function sweepSessions(streams: OpenStreams, sessions: Pick<SessionStore, 'alive'>): Promise<void> {
  for (const batch of batches(streams.all())) {
    const alive = await sessions.alive([...new Set(batch.map(({ reader }) => reader.token))]);
    for (const stream of batch) if (!alive.has(stream.reader.token)) stream.end('signed-out');
  }
}

function* batches<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += sweepSize) yield list.slice(at, at + sweepSize);
}
