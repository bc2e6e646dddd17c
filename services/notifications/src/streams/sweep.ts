import type { Database } from '@homeroom/postgres';
import type { SessionStore } from '@homeroom/sessions';
import type { Inbox } from './sse.ts';
import { lastPositions } from './store.ts';
import type { Stream } from './stream.ts';

const inboxKey = ({ coopId, audience }: Inbox): string => `${coopId} ${audience}`;

/** Compares streams with their inboxes in Postgres: a lost announcement is late at most. */
export async function sweepInboxes(streams: readonly Stream[], database: Database): Promise<void> {
  if (streams.length === 0) return;
  const last = new Map<string, number>();
  const readers = new Map(streams.map(({ reader }) => [inboxKey(reader), reader]));
  for (const inbox of await lastPositions(database, [...readers.values()])) last.set(inboxKey(inbox), inbox.position);
  for (const stream of streams) stream.expect(last.get(inboxKey(stream.reader)) ?? 0);
}

export async function sweepSessions(streams: readonly Stream[], sessions: Pick<SessionStore, 'alive'>): Promise<void> {
  if (streams.length === 0) return;
  const alive = await sessions.alive([...new Set(streams.map(({ reader }) => reader.token))]);
  for (const stream of streams) if (!alive.has(stream.reader.token)) stream.end('signed-out');
}
