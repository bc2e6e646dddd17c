import { refused, type Refused } from '@homeroom/chassis';
import { append } from '@homeroom/outbox';
import { transact, type CoopDatabase } from '@homeroom/postgres';
import { addClassJob, deleteClassJobs } from '../class-jobs/store.ts';
import { snapshotOf } from '../classes/class.ts';
import { hasEnded } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import { lockClass } from '../classes/store.ts';
import { newEvent } from '../new-event.ts';
import { deleteBookings } from './booking-store.ts';
import type { CanceledClass } from './cancel-schemas.ts';
import { cancelClassRow } from './store.ts';

export interface CancelRequest {
  readonly classId: string;
  /** For the families: it is in their mail. */
  readonly reason: string;
}

/**
 * Cancels a class: from the commit on nobody can enroll, and its room and teacher are free. The worker then ends each
 * enrollment, with its refund and its mail. A second request gets the first answer.
 */
export async function cancelClass(
  { db }: { db: CoopDatabase },
  { classId, reason }: CancelRequest,
): Promise<CanceledClass | Refused<'class_not_found' | 'class_ended'>> {
  return transact(db, async (trx) => {
    const before = await lockClass(trx, classId);
    if (before === undefined) return refused('class_not_found');
    const earlier = canceledOf(before);
    if (earlier !== undefined) return earlier;
    const at = new Date();
    if (hasEnded(before, at)) {
      return refused(
        'class_ended',
        `${before.title} had its last day on ${before.lastDay}. Nothing is left to cancel.`,
      );
    }
    const after = await cancelClassRow(trx, classId, { at, reason });
    await deleteBookings(trx, [classId]);
    await deleteClassJobs(trx, classId);
    await addClassJob(trx, classId, { kind: 'cancel' });
    const data = { class: snapshotOf(after), canceledAt: at.toISOString(), reason };
    await append(trx, newEvent('homeroom.class.canceled.v1', { subject: classId, data, time: at }));
    const canceled = canceledOf(after);
    if (canceled === undefined) throw new Error(`class ${classId} is not canceled`);
    return canceled;
  });
}

const canceledOf = ({ id, version, title, canceled }: ClassView): CanceledClass | undefined =>
  canceled == null ? undefined : { id, version, title, canceled };
