import type { CoopTransaction } from '@homeroom/postgres';
import { ageOn } from '../classes/class.ts';
import { classJson, seatsOf } from '../classes/columns.ts';
import { hasEnded } from '../classes/ended.ts';
import type { ClassView } from '../classes/schemas.ts';
import type { FlagReason } from '../seats/enrollment.ts';
import { enrollmentColumns, enrollmentOf, record, type EnrollmentRow } from '../seats/store.ts';

/**
 * Flags a family's enrollments whose child was removed or no longer has the age of the class: once per enrollment and
 * reason, for a coordinator to decide. Nothing else changes.
 */
export async function flagEnrollments(trx: CoopTransaction, familyId: string, at: Date): Promise<void> {
  for (const row of await lockActive(trx, familyId)) {
    const { class: about, familyName } = row;
    if (hasEnded(about, at)) continue;
    const reasons = misfits(row).filter((reason) => !row.flagged.includes(reason));
    if (reasons.length === 0) continue;
    const flags = reasons.map((reason) => ({ type: 'flagged' as const, reason, familyName }));
    await record(trx, enrollmentOf(row), flags, at, about);
  }
}

interface Active extends EnrollmentRow {
  readonly class: ClassView;
  readonly familyName: string;
  readonly removed: boolean;
  readonly birthDate: string;
  readonly overridden: boolean;
  readonly flagged: readonly string[];
}

function misfits({ removed, birthDate, overridden, class: about }: Active): FlagReason[] {
  if (removed) return ['child_removed'];
  const age = ageOn(birthDate, about.firstDay);
  return !overridden && (age < about.ageMin || age > about.ageMax) ? ['age_out_of_range'] : [];
}

async function lockActive(trx: CoopTransaction, familyId: string): Promise<Active[]> {
  const { rows } = await trx.query<Active>({
    name: 'enrollments_of_family_lock',
    text: `select ${enrollmentColumns}, ${classJson('c')} as class, f.name as "familyName", ch.removed,
        ch.birth_date as "birthDate",
        exists (select from enrollment_events h
          where h.coop_id = e.coop_id and h.enrollment_id = e.enrollment_id and h.version = 1
            and h.data ? 'override') as overridden,
        array(select h.data ->> 'reason' from enrollment_events h
          where h.coop_id = e.coop_id and h.enrollment_id = e.enrollment_id and h.type = 'flagged') as flagged
      from enrollments e join classes c on c.coop_id = e.coop_id and c.class_id = e.class_id ${seatsOf('c')}
        join children ch on ch.coop_id = e.coop_id and ch.child_id = e.child_id
        join families f on f.coop_id = e.coop_id and f.family_id = e.family_id
      where e.coop_id = $1 and e.family_id = $2 and e.status <> 'cancelled'
      order by e.enrollment_id for no key update of e`,
    values: [trx.coopId, familyId],
  });
  return rows;
}
