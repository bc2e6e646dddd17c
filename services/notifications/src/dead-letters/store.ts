import { OUTBOX_COLUMNS } from '@homeroom/outbox';
import type { CoopQueryable, Queryable } from '@homeroom/postgres';
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
export async function addDeadLetter(db: CoopQueryable, letter: DeadLetter): Promise<void> {
  const { topic, partition, offset, key, value, headers } = letter;
  const message = [topic, partition, offset, key, value, JSON.stringify(headers)];
  const { reason, consumerGroup, eventType, eventId, obstacle, failedAt } = letter;
  await db.query({
    name: 'add_dead_letter',
    text: `insert into dead_letters (
        coop_id, id, topic, "partition", "offset", key, value, headers, reason,
        consumer_group, event_type, event_id, obstacle, failed_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
      on conflict (coop_id, topic, "partition", "offset") do nothing`,
    values: [db.coopId, uuid(), ...message, reason, consumerGroup, eventType, eventId, obstacle, failedAt],
  });
}

export interface DeadLetterFilter {
  readonly topic?: string | undefined;
  /** Part of the reason, in any case. */
  readonly reason?: string | undefined;
  readonly status?: 'open' | 'replayed' | undefined;
}

/** Newest first. @param query.after the id where the list continues. */
export async function listDeadLetters(
  db: CoopQueryable,
  query: DeadLetterFilter & { readonly after?: string | undefined; readonly limit: number },
): Promise<DeadLetterSummary[]> {
  const { topic, reason, status, after, limit } = query;
  const { rows } = await db.query<DeadLetterSummary>({
    name: 'list_dead_letters',
    text: `select ${summary} from dead_letters
      where coop_id = $1
        and ($2::text is null or topic = $2)
        and ($3::text is null or strpos(lower(reason), lower($3)) > 0)
        and ($4::boolean is null or (replayed_at is not null) = $4)
        and ($5::uuid is null or id < $5)
      order by id desc limit $6`,
    values: [db.coopId, topic, reason, status && status === 'replayed', after, limit],
  });
  return rows;
}

/** Open ones of all co-ops, oldest first. @param query.after the id where the list continues. */
export async function listOpenDeadLetters(
  db: Queryable,
  { topic, reason, after, limit }: Omit<Parameters<typeof listDeadLetters>[1], 'status'>,
): Promise<(DeadLetterSummary & { readonly coopId: string })[]> {
  const { rows } = await db.query<DeadLetterSummary & { coopId: string }>({
    name: 'list_open_dead_letters',
    text: `select /* every co-op */ coop_id as "coopId", ${summary} from dead_letters
      where replayed_at is null
        and ($1::text is null or topic = $1)
        and ($2::text is null or strpos(lower(reason), lower($2)) > 0)
        and ($3::uuid is null or id > $3)
      order by id limit $4`,
    values: [topic, reason, after, limit],
  });
  return rows;
}

export async function findDeadLetter(db: CoopQueryable, id: string): Promise<StoredDeadLetter | undefined> {
  const { rows } = await db.query<Omit<StoredDeadLetter, 'headers'> & { headers: string }>({
    name: 'find_dead_letter',
    text: `select ${summary}, key, value, headers from dead_letters where coop_id = $1 and id = $2`,
    values: [db.coopId, id],
  });
  const [row] = rows;
  return row && { ...row, headers: JSON.parse(row.headers) as StoredDeadLetter['headers'] };
}

/**
 * Marks a dead letter as replayed and puts the original message into the outbox, in one statement: of two replays at the
 * same time, one does it. @returns whether this call did.
 */
export async function markReplayed(
  db: CoopQueryable,
  id: string,
  { by, key, headers }: { by: string; key: string; headers: Readonly<Record<string, string>> },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'replay_dead_letter',
    text: `with replayed as (
        update dead_letters set replayed_at = now(), replayed_by = $3
        where coop_id = $1 and id = $2 and replayed_at is null and obstacle is null returning topic, value
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS}) select $1::uuid, $4::uuid, topic, $5, $6::jsonb, value from replayed`,
    values: [db.coopId, id, by, uuid(), key, JSON.stringify(headers)],
  });
  return rowCount === 1;
}

/** Of all co-ops; for metrics. */
export async function countOpenDeadLetters(db: Queryable): Promise<{ topic: string; count: number }[]> {
  const { rows } = await db.query<{ topic: string; count: number }>({
    name: 'count_open_dead_letters',
    text: 'select /* every co-op */ topic, count(*) as count from dead_letters where replayed_at is null group by topic',
  });
  return rows;
}
