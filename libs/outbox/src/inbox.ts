import type { Queryable, Transaction } from '@homeroom/postgres';

/**
 * Records in the effect's own transaction that `consumer` has handled the event. A second delivery waits for the first one's
 * transaction: so the effect happens once, even when the broker repeats an event or a process is killed.
 * @returns false when it was handled before: return without doing anything.
 */
export async function receiveOnce(
  trx: Transaction,
  { consumer, eventId }: { consumer: string; eventId: string },
): Promise<boolean> {
  const { rowCount } = await trx.query({
    name: 'inbox_receive',
    text: 'insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing',
    values: [consumer, eventId],
  });
  return rowCount === 1;
}

/**
 * Deletes the record of events received more than `days` ago, at most `limit` of them. @returns how many. Keep them for longer than the
 * broker keeps messages, or a replay of its log would have its effects again.
 */
export async function purgeReceived(db: Queryable, { days = 30, limit = 10_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'inbox_purge',
    text: `delete from inbox where (consumer, event_id) in (
             select consumer, event_id from inbox where received_at < now() - make_interval(days => $1) limit $2)`,
    values: [days, limit],
  });
  return rowCount;
}
