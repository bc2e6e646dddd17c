import { refused, type Refused } from '@homeroom/chassis';
import { transact, type CoopDatabase } from '@homeroom/postgres';
import { freeSeat, type Canceled } from '../seats/free-seat.ts';
import { findClassOf, type OwnedEnrollment } from '../seats/store.ts';
import type { Terms } from '../seats/terms.ts';

/** Ends an enrollment, in one transaction: its seat goes to the first on the waitlist. A second request gets the first answer. */
export async function cancelEnrollment(
  { db, terms }: { db: CoopDatabase; terms: Terms },
  { enrollmentId, familyId }: OwnedEnrollment,
): Promise<Canceled | Refused<'enrollment_not_found'>> {
  return transact(db, async (trx) => {
    const classId = await findClassOf(trx, { enrollmentId, familyId });
    if (classId === undefined) return refused('enrollment_not_found');
    const reason = familyId === undefined ? 'by_coordinator' : 'by_family';
    return freeSeat(trx, { enrollmentId, classId, reason, at: new Date(), terms });
  });
}
