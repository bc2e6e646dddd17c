import type { CoopDatabase, Database, Queryable } from '@homeroom/postgres';
import { hasEnded } from '../classes/ended.ts';
import { record } from '../seats/store.ts';
import { lockForSettling, markDelayNotified } from './store.ts';

export interface DelayOptions {
  /** A charge that has been due for this long without an answer is delayed. */
  readonly noticeMs: number;
  /** The provider is down: charges without an attempt count as well. Otherwise they wait for a worker. */
  readonly isDown: boolean;
  readonly limit: number;
}

/** Notifies families, once per charge, that a payment takes longer. @returns how many. */
export async function notifyDelays({ db }: { db: Database }, options: DelayOptions): Promise<number> {
  let notified = 0;
  for (const { coopId, enrollmentId } of await findDelayed(db, options)) {
    notified += (await notifyDelay(db.ofCoop(coopId), enrollmentId)) ? 1 : 0;
  }
  return notified;
}

async function notifyDelay(db: CoopDatabase, enrollmentId: string): Promise<boolean> {
  return db.transaction(async (trx) => {
    const locked = await lockForSettling(trx, enrollmentId);
    if (locked === undefined) return false;
    const { enrollment, charge, class: about } = locked;
    const at = new Date();
    const isWaiting = charge.state === 'due' && charge.declines === 0 && enrollment.status === 'payment_pending';
    if (!isWaiting || hasEnded(about, at) || !(await markDelayNotified(trx, enrollmentId))) return false;
    const { amountCents, currency } = charge;
    await record(trx, enrollment, [{ type: 'payment-delayed', amountCents, currency }], at, about);
    return true;
  });
}

interface Delayed {
  readonly coopId: string;
  readonly enrollmentId: string;
}

async function findDelayed(db: Queryable, { noticeMs, isDown, limit }: DelayOptions): Promise<Delayed[]> {
  const { rows } = await db.query<Delayed>({
    name: 'charges_delayed',
    text: `select /* every co-op */ c.coop_id as "coopId", c.enrollment_id as "enrollmentId"
      from charges c join enrollments e on e.coop_id = c.coop_id and e.enrollment_id = c.enrollment_id
      where c.state = 'due' and c.delay_notified_at is null and c.declines = 0 and e.status = 'payment_pending'
        and c.created_at <= now() - $1 * interval '1 millisecond' and ($2 or c.last_error is not null)
      order by c.created_at limit $3`,
    values: [noticeMs, isDown, limit],
  });
  return rows;
}
