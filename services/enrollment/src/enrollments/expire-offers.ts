import { accepted } from '@homeroom/chassis';
import type { Database, Queryable } from '@homeroom/postgres';
import { lockClass } from '../classes/store.ts';
import { errors } from '../errors.ts';
import { freeSeat } from '../seats/free-seat.ts';
import { lockEnrollment } from '../seats/store.ts';
import type { Terms } from '../seats/terms.ts';

interface ExpireDeps {
  readonly db: Database;
  readonly terms: Terms;
}

/**
 * Ends up to `limit` expired offers of all co-ops: their seats go to the next on the waitlist.
 *
 * They are found without locks, because a class is always locked before its enrollments, and checked again under the
 * locks: an offer that was accepted, canceled, or ended meanwhile is skipped.
 * @returns how many it ended.
 */
export async function expireOffers(deps: ExpireDeps, { limit }: { limit: number }): Promise<number> {
  let ended = 0;
  for (const expired of await findExpired(deps.db, limit)) ended += (await expireOffer(deps, expired)) ? 1 : 0;
  return ended;
}

interface Expired {
  readonly coopId: string;
  readonly enrollmentId: string;
  readonly classId: string;
}

async function expireOffer({ db, terms }: ExpireDeps, { coopId, enrollmentId, classId }: Expired): Promise<boolean> {
  return db.ofCoop(coopId).transaction(async (trx) => {
    const at = new Date();
    await lockClass(trx, classId);
    const found = await lockEnrollment(trx, enrollmentId);
    if (found?.status !== 'offered' || found.expiresAt > at) return false;
    accepted(errors, await freeSeat(trx, { enrollmentId, classId, reason: 'offer_expired', at, terms }));
    return true;
  });
}

async function findExpired(db: Queryable, limit: number): Promise<Expired[]> {
  const { rows } = await db.query<Expired>({
    name: 'offers_expired',
    text: `select /* every co-op */ coop_id as "coopId", enrollment_id as "enrollmentId", class_id as "classId"
      from enrollments
      where status = 'offered' and offer_expires_at <= now() order by offer_expires_at limit $1`,
    values: [limit],
  });
  return rows;
}
