import type { Queryable } from '@homeroom/postgres';

export interface InboxState {
  readonly position: number;
  readonly unreadCount: number;
  /** The newest notification's id; null in an empty inbox. */
  readonly lastId: string | null;
  /** The place of the notification that was asked about; null when this inbox has no such. */
  readonly seen: number | null;
}

/** Where an inbox stands, and where a returning reader left it. One round trip. */
export async function inboxState(db: Queryable, audience: string, lastSeenId: string | undefined): Promise<InboxState> {
  const { rows } = await db.query<InboxState>({
    name: 'inbox_state',
    text: `select coalesce(a.position, 0) as position, coalesce(a.unread, 0) as "unreadCount", n.id as "lastId",
        (select position from notifications where id = $2 and audience = $1) as seen
      from (select 1) one left join audiences a on a.audience = $1
        left join notifications n on n.audience = $1 and n.position = a.position`,
    values: [audience, lastSeenId],
  });
  return rows[0] ?? { position: 0, unreadCount: 0, lastId: null, seen: null };
}

/** The last position of each of these inboxes; an inbox that nothing has reached yet is left out. */
export async function lastPositions(db: Queryable, audiences: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await db.query<{ audience: string; position: number }>({
    name: 'last_positions',
    text: `select audience, position from audiences where audience = any ($1)`,
    values: [audiences],
  });
  return new Map(rows.map(({ audience, position }) => [audience, position]));
}
