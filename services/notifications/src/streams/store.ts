import type { CoopQueryable, Queryable } from '@homeroom/postgres';
import type { Inbox } from './sse.ts';

export interface InboxState {
  readonly position: number;
  readonly unreadCount: number;
  /** The newest notification's id; null in an empty inbox. */
  readonly lastId: string | null;
  /** The place of the notification that was asked about; null when this inbox has no such. */
  readonly seen: number | null;
}

/** Where an inbox stands, and where a returning reader left it. One round trip. */
export async function inboxState(
  db: CoopQueryable,
  audience: string,
  lastSeenId: string | undefined,
): Promise<InboxState> {
  const { rows } = await db.query<InboxState>({
    name: 'inbox_state',
    text: `select coalesce(a.position, 0) as position, coalesce(a.unread, 0) as "unreadCount", n.id as "lastId",
        (select position from notifications where coop_id = $1 and id = $3 and audience = $2) as seen
      from (select 1) one left join audiences a on a.coop_id = $1 and a.audience = $2
        left join notifications n on n.coop_id = $1 and n.audience = $2 and n.position = a.position`,
    values: [db.coopId, audience, lastSeenId],
  });
  return rows[0] ?? { position: 0, unreadCount: 0, lastId: null, seen: null };
}

/** The last position of each of these inboxes, of any co-ops; an inbox that nothing has reached yet is left out. */
export async function lastPositions(
  db: Queryable,
  inboxes: readonly Inbox[],
): Promise<(Inbox & { readonly position: number })[]> {
  const { rows } = await db.query<Inbox & { position: number }>({
    name: 'last_positions',
    text: `select /* every co-op */ coop_id as "coopId", audience, position from audiences
      where (coop_id, audience) in (select * from unnest($1::uuid[], $2::text[]))`,
    values: [inboxes.map(({ coopId }) => coopId), inboxes.map(({ audience }) => audience)],
  });
  return rows;
}
