import type { Queryable } from '@homeroom/postgres';

export interface OutboxRow {
  readonly sequence: number;
  readonly topic: string;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly payload: Buffer;
  /** Kept as text: of a batch only the first is read. */
  readonly written: string;
}

/**
 * The first rows that are committed, of every co-op, without those in progress and without the keys that are held. Those two are named one by
 * one and not "up to": a row with a smaller sequence may be committed after a larger one was seen, and must come first
 * then if it has the same key.
 */
export async function nextRows(
  db: Queryable,
  limit: number,
  { inHand = [], heldKeys = [] }: { inHand?: readonly OutboxRow[]; heldKeys?: readonly string[] } = {},
): Promise<OutboxRow[]> {
  const { rows } = await db.query<OutboxRow>({
    name: 'outbox_next',
    text: `select /* every co-op */ sequence, topic, key, headers, payload, created_at::text as written
           from outbox
           where sequence <> all($2::bigint[]) and key <> all($3::text[])
           order by sequence
           limit $1`,
    values: [limit, inHand.map((row) => row.sequence), heldKeys],
  });
  return rows;
}

/** Deletes exactly these. DELETE is three times as fast as marking them, and leaves nothing to purge. */
export async function removeRows(db: Queryable, rows: readonly OutboxRow[]): Promise<void> {
  await db.query({
    name: 'outbox_remove',
    text: 'delete /* every co-op */ from outbox where sequence = any($1::bigint[])',
    values: [rows.map((row) => row.sequence)],
  });
}
