import { OUTBOX_COLUMNS } from '@homeroom/outbox';
import type { Queryable } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import type { DeadLetter } from './dead-letter.ts';

export interface StoredDeadLetter extends DeadLetter {
  readonly id: string;
  readonly replayedAt: Date | null;
  readonly replayedBy: string | null;
}

/** What a list shows: without the message, which may be a megabyte. */
export type DeadLetterSummary = Omit<StoredDeadLetter, 'key' | 'value' | 'headers'>;

const summary = `id, topic, "partition", "offset"::text as "offset", reason, consumer_group as "consumerGroup",
  event_type as "eventType", event_id as "eventId", obstacle, failed_at as "failedAt", replayed_at as "replayedAt",
  replayed_by as "replayedBy"`;

/** Stores a dead letter; the same place in the topic a second time changes nothing. */
export async function addDeadLetter(db: Queryable, letter: DeadLetter): Promise<void> {
  const { topic, partition, offset, key, value, headers } = letter;
  const message = [topic, partition, offset, key, value, JSON.stringify(headers)];
  const { reason, consumerGroup, eventType, eventId, obstacle, failedAt } = letter;
  await db.query({
    name: 'add_dead_letter',
    text: `insert into dead_letters (
        id, topic, "partition", "offset", key, value, headers, reason,
        consumer_group, event_type, event_id, obstacle, failed_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
      on conflict (topic, "partition", "offset") do nothing`,
    values: [uuid(), ...message, reason, consumerGroup, eventType, eventId, obstacle, failedAt],
  });
}

export interface DeadLetterFilter {
  readonly topic?: string | undefined;
  /** Part of the reason, in any case. */
  readonly reason?: string | undefined;
  readonly status?: 'open' | 'replayed' | undefined;
}

/** @param query.after the id where the list continues, in its own order. */
export async function listDeadLetters(
  db: Queryable,
  query: DeadLetterFilter & { readonly after?: string | undefined; readonly limit: number },
  first: 'newest' | 'oldest' = 'newest',
): Promise<DeadLetterSummary[]> {
  const { topic, reason, status, after, limit } = query;
  const [beyond, direction] = first === 'newest' ? ['<', 'desc'] : ['>', 'asc'];
  const { rows } = await db.query<DeadLetterSummary>({
    name: `list_${first}_dead_letters`,
    text: `select ${summary} from dead_letters
      where ($1::text is null or topic = $1)
        and ($2::text is null or strpos(lower(reason), lower($2)) > 0)
        and ($3::boolean is null or (replayed_at is not null) = $3)
        and ($4::uuid is null or id ${beyond} $4)
      order by id ${direction} limit $5`,
    values: [topic, reason, status && status === 'replayed', after, limit],
  });
  return rows;
}

export async function findDeadLetter(db: Queryable, id: string): Promise<StoredDeadLetter | undefined> {
  const { rows } = await db.query<Omit<StoredDeadLetter, 'headers'> & { headers: string }>({
    name: 'find_dead_letter',
    text: `select ${summary}, key, value, headers from dead_letters where id = $1`,
    values: [id],
  });
  const [row] = rows;
  return row && { ...row, headers: JSON.parse(row.headers) as StoredDeadLetter['headers'] };
}

/**
 * Marks a dead letter as replayed and puts the original message into the outbox, in one statement: of two replays at the
 * same time, one does it. @returns whether this call did.
 */
export async function markReplayed(
  db: Queryable,
  id: string,
  { by, key, headers }: { by: string; key: string; headers: Readonly<Record<string, string>> },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'replay_dead_letter',
    text: `with replayed as (
        update dead_letters set replayed_at = now(), replayed_by = $2
        where id = $1 and replayed_at is null and obstacle is null returning topic, value
      )
      insert into outbox (${OUTBOX_COLUMNS}) select $3::uuid, topic, $4, $5::jsonb, value from replayed`,
    values: [id, by, uuid(), key, JSON.stringify(headers)],
  });
  return rowCount === 1;
}

export async function countOpenDeadLetters(db: Queryable): Promise<{ topic: string; count: number }[]> {
  const { rows } = await db.query<{ topic: string; count: number }>({
    name: 'count_open_dead_letters',
    text: 'select topic, count(*) as count from dead_letters where replayed_at is null group by topic',
  });
  return rows;
}
