import type { Database, Queryable } from '@homeroom/postgres';
import { lockClass } from '../classes/store.ts';
import { release } from './cancel-enrollment.ts';
import { lockEnrollment } from './store.ts';
import type { Terms } from './terms.ts';

/**
 * Ends offers whose time is over and hands their seats on, up to `limit` of them.
 *
 * They are found without locks: an enrollment is locked after its class everywhere. What was accepted, canceled, or ended
 * by another worker meanwhile is left alone, because it is looked at again under the locks.
 * @returns how many it ended.
 */
export async function expireOffers(db: Database, { limit, terms }: { limit: number; terms: Terms }): Promise<number> {
  let ended = 0;
  for (const due of await findExpired(db, limit)) ended += (await expireOffer(db, due, terms)) ? 1 : 0;
  return ended;
}

interface Expired {
  readonly enrollmentId: string;
  readonly classId: string;
}

async function expireOffer(db: Database, { enrollmentId, classId }: Expired, terms: Terms): Promise<boolean> {
  return db.transaction(async (trx) => {
    const at = new Date();
    await lockClass(trx, classId);
    const found = await lockEnrollment(trx, enrollmentId);
    if (found?.status !== 'offered' || found.expiresAt > at) return false;
    await release(trx, { enrollmentId, classId, reason: 'offer_expired', at, terms });
    return true;
  });
}

async function findExpired(db: Queryable, limit: number): Promise<Expired[]> {
  const { rows } = await db.query<Expired>({
    name: 'offers-expired',
    text: `select enrollment_id as "enrollmentId", class_id as "classId" from enrollments
      where status = 'offered' and offer_expires_at <= now() order by offer_expires_at limit $1`,
    values: [limit],
  });
  return rows;
}
