import type { Database } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';
import { lastPositions } from './store.ts';
import type { Stream } from './stream.ts';

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

/** Compares streams with their inboxes in Postgres: a lost announcement is late at most. */
export async function sweepInboxes(streams: readonly Stream[], database: Database): Promise<void> {
  if (streams.length === 0) return;
  const positions = await lastPositions(database, unique(streams.map(({ reader }) => reader.audience)));
  for (const stream of streams) stream.expect(positions.get(stream.reader.audience) ?? 0);
}

export async function sweepSessions(streams: readonly Stream[], sessions: Pick<SessionStore, 'alive'>): Promise<void> {
  if (streams.length === 0) return;
  const alive = await sessions.alive(unique(streams.map(({ reader }) => reader.token)));
  for (const stream of streams) if (!alive.has(stream.reader.token)) stream.end('signed-out');
}
