import { encodeEvent, eventTypes, type NewEvent } from '@homeroom/contracts';
import type { CoopQueryable } from '@homeroom/postgres';
import { currentTraceparent } from '@homeroom/telemetry';

/** The columns that `outboxParameters` gives the values of, in the same order. `coop_id` comes before them. */
export const OUTBOX_COLUMNS = 'id, topic, key, headers, payload';

/**
 * The values of an outbox row, without its `coop_id`, to write state and event in one statement:
 * `with … insert into outbox (coop_id, ${OUTBOX_COLUMNS}) select $1, $7::uuid, $8, $9, $10::jsonb, $11::bytea from …`.
 * The event says whose it is in its headers, and has the trace context of the current request unless it has one already.
 * @param coopId of the row, and of the event.
 */
export function outboxParameters(
  coopId: string,
  event: NewEvent,
): [id: string, topic: string, key: string, headers: string, payload: Buffer] {
  const { headers, value } = encodeEvent({
    ...event,
    coopId,
    traceparent: event.traceparent ?? currentTraceparent(),
  });
  return [event.id, eventTypes[event.type].topic, event.subject, JSON.stringify(headers), value];
}

/**
 * Puts events of the transaction's co-op into the outbox, in this order, with one insert. Call it in the transaction of the change that they describe,
 * after the aggregate's row is locked: then the order of the outbox is the order of commits, per key.
 */
export async function append(trx: CoopQueryable, ...events: NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map((event) => outboxParameters(trx.coopId, event));
  const column = (index: 0 | 1 | 2 | 3 | 4): unknown[] => rows.map((row) => row[index]);
  await trx.query({
    name: 'outbox_append',
    text: `insert into outbox (coop_id, ${OUTBOX_COLUMNS})
           select $1::uuid, ${OUTBOX_COLUMNS}
           from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[]) with ordinality
             as event (${OUTBOX_COLUMNS}, place)
           order by place`,
    values: [trx.coopId, column(0), column(1), column(2), column(3), column(4)],
  });
}
