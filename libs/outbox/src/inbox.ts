import type { CoopTransaction, Queryable } from '@homeroom/postgres';

/**
 * Records in the effect's own transaction that `consumer` has handled the event. A second delivery waits for the first one's
 * transaction: so the effect happens once, even when the broker repeats an event or a process is killed.
 * @param trx of the event's co-op: `database.ofCoop(event.coopId).transaction(…)`.
 * @returns false when it was handled before: return without doing anything.
 */
export async function receiveOnce(
  trx: CoopTransaction,
  { consumer, eventId }: { consumer: string; eventId: string },
): Promise<boolean> {
  const { rowCount } = await trx.query({
    name: 'inbox_receive',
    text: 'insert into inbox (coop_id, consumer, event_id) values ($1, $2, $3) on conflict do nothing',
    values: [trx.coopId, consumer, eventId],
  });
  return rowCount === 1;
}

/**
 * Deletes the records of events received more than `days` ago, of every co-op, at most `limit` of them. Keep them for longer
 * than the broker keeps messages, or a replay of its log would have its effects again.
 * @returns how many.
 */
export async function purgeReceived(db: Queryable, { days = 30, limit = 10_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'inbox_purge',
    text: `delete /* every co-op */ from inbox where (coop_id, consumer, event_id) in (
             select coop_id, consumer, event_id from inbox
             where received_at < now() - make_interval(days => $1) limit $2)`,
    values: [days, limit],
  });
  return rowCount;
}
