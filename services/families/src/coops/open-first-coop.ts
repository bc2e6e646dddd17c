import { isRefused } from '@homeroom/chassis';
import { firstCoopId } from '@homeroom/contracts';
import { lockCoops } from '@homeroom/coops';
import type { Database } from '@homeroom/postgres';
import { publishCoop } from './change-coop.ts';
import { openedCoop } from './coop.ts';
import type { NewCoop } from './schemas.ts';
import { findCoopById } from './store.ts';

/**
 * Gives the co-op that the migrations assumed its settings and publishes it, once: afterwards operators configure it.
 * @returns whether this was the time.
 */
export const openFirstCoop = (database: Database, given: NewCoop): Promise<boolean> =>
  database.transaction(async (trx) => {
    await lockCoops(trx);
    const assumed = await findCoopById(trx, firstCoopId);
    if (assumed === undefined || assumed.version > 0) return false;
    const outcome = await publishCoop(trx, openedCoop(given, firstCoopId), 'opened');
    if (isRefused(outcome)) throw new Error(`the first co-op: ${outcome.detail ?? outcome.code}`);
    return true;
  });
