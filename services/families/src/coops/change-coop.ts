import { isRefused, refused } from '@homeroom/chassis';
import { lockCoops, saveCoop, type Coop } from '@homeroom/coops';
import { append } from '@homeroom/outbox';
import { ofCoop, transact, type Database, type Transaction } from '@homeroom/postgres';
import { isDeepStrictEqual } from 'node:util';
import { coopEvent, operatorsCoopId, type CoopRefused, type CoopVerb } from './coop.ts';
import { findCoop, findTakenHost } from './store.ts';

export interface CoopChange {
  readonly slug: string;
  readonly verb: Exclude<CoopVerb, 'opened'>;
  /** A rule of coop.ts, with what it is asked. */
  readonly decide: (coop: Coop) => Coop | CoopRefused;
  /** The versions that may be changed (If-Match); undefined: any. */
  readonly versions?: readonly number[] | undefined;
}

/** Changes a co-op and publishes it. What `decide` leaves as it was is neither written nor published. */
export const changeCoop = (
  { database }: { database: Database },
  { slug, verb, decide, versions }: CoopChange,
): Promise<Coop | CoopRefused> =>
  transact(database.ofCoop(operatorsCoopId), async (trx) => {
    await lockCoops(trx);
    const coop = await findCoop(trx, slug);
    if (coop === undefined) return refused('coop_not_found');
    if (versions?.includes(coop.version) === false) return refused('precondition_failed');
    const decision = decide(coop);
    if (isRefused(decision) || isDeepStrictEqual(decision, coop)) return decision;
    return publishCoop(trx, { ...decision, version: coop.version + 1 }, verb);
  });

/** Writes a co-op and its event, unless one of its hosts is another's. `lockCoops` has been called in the transaction. */
export async function publishCoop(trx: Transaction, coop: Coop, verb: CoopVerb): Promise<Coop | CoopRefused> {
  const taken = await findTakenHost(trx, coop);
  if (taken !== undefined) return refused('host_taken', `${taken} is the address of another co-op.`);
  await saveCoop(trx, coop);
  await append(ofCoop(trx, coop.coopId), coopEvent(verb, coop));
  return coop;
}
