import { topics, type DomainEvent } from '@homeroom/contracts';
import { receiveOnce } from '@homeroom/outbox';
import { isUnavailable, type Database } from '@homeroom/postgres';
import { lockCoops, saveCoop } from './store.ts';

type CoopEvent = DomainEvent<
  'homeroom.coop.opened.v1' | 'homeroom.coop.configured.v1' | 'homeroom.coop.suspended.v1' | 'homeroom.coop.resumed.v1'
>;

/** Updates a service's copy of a co-op: once per event, and never with an older state. */
const copyCoop = (database: Database, consumer: string, { id, data }: CoopEvent): Promise<void> =>
  // events from before there were co-ops in headers have theirs in the data
  database.ofCoop(data.coopId).transaction(async (trx) => {
    if (!(await receiveOnce(trx, { consumer, eventId: id }))) return;
    await lockCoops(trx);
    await saveCoop(trx, data);
  });

/**
 * What a service's worker consumes to keep its copy of the directory. A group of its own, so that no rush of families or
 * enrollments delays a suspension.
 */
export function coopConsumer(database: Database, service: string) {
  const group = `${service}-coops`;
  const copy = (event: CoopEvent): Promise<void> => copyCoop(database, group, event);
  return {
    group,
    topics: [topics.coop],
    isTransient: isUnavailable,
    handlers: {
      'homeroom.coop.opened.v1': copy,
      'homeroom.coop.configured.v1': copy,
      'homeroom.coop.suspended.v1': copy,
      'homeroom.coop.resumed.v1': copy,
    },
  };
}
