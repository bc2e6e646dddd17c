import { encodeEvent, eventTypes, type DomainEvent } from '@homeroom/contracts';
import type { Queryable } from '@homeroom/postgres';
import { currentTraceparent } from '@homeroom/telemetry';

/** The columns that `outboxParameters` gives the values of, in the same order. */
export const OUTBOX_COLUMNS = 'id, topic, key, headers, payload';

/**
 * The values of an outbox row, to write state and event in one statement:
 * `with … insert into outbox (${OUTBOX_COLUMNS}) select $7::uuid, $8, $9, $10::jsonb, $11::bytea from …`.
 * The trace context of the current request is added unless the event has one.
 */
export function outboxParameters(
  event: DomainEvent,
): [id: string, topic: string, key: string, headers: string, payload: Buffer] {
  const { headers, value } = encodeEvent({ ...event, traceparent: event.traceparent ?? currentTraceparent() });
  return [event.id, eventTypes[event.type].topic, event.subject, JSON.stringify(headers), value];
}

/**
 * Puts events into the outbox, in this order, with one insert. Call it in the transaction of the change that they describe,
 * after the aggregate's row is locked: then the order of the outbox is the order of commits, per key.
 */
export async function append(trx: Queryable, ...events: DomainEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(outboxParameters);
  const column = (index: 0 | 1 | 2 | 3 | 4): unknown[] => rows.map((row) => row[index]);
  await trx.query({
    name: 'outbox_append',
    text: `insert into outbox (${OUTBOX_COLUMNS})
           select ${OUTBOX_COLUMNS}
           from unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::bytea[]) with ordinality
             as event (${OUTBOX_COLUMNS}, place)
           order by place`,
    values: [column(0), column(1), column(2), column(3), column(4)],
  });
}
