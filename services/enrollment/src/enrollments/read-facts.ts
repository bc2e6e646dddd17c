import type { CoopQueryable } from '@homeroom/postgres';
import { classJson, seatsOf } from '../classes/columns.ts';
import { activeHere } from '../seats/take-seat.ts';
import type { Facts } from './decide.ts';

const childJson = `json_build_object('id', ch.child_id, 'familyId', ch.family_id, 'version', ch.version, 'name', ch.name,
  'birthDate', ch.birth_date, 'removed', ch.removed, 'slots', ch.slots)`;

interface Row {
  class: Facts['class'] | null;
  child: Facts['child'] | null;
  active: boolean;
  familyKnown: boolean;
}

/** Everything that an enrollment depends on, in one round trip. */
export async function readFacts(
  db: CoopQueryable,
  { classId, childId, familyId }: { classId: string; childId: string; familyId: string | undefined },
): Promise<Facts> {
  const { rows } = await db.query<Row>({
    name: 'enroll_facts',
    text: `select (
        select ${classJson('c')} from classes c ${seatsOf('c')} where c.coop_id = $1 and c.class_id = $2
      ) as class,
      (select ${childJson} from children ch where ch.coop_id = $1 and ch.child_id = $3) as child,
      ${activeHere} as active,
      exists (select from families f where f.coop_id = $1 and f.family_id = $4) as "familyKnown"`,
    values: [db.coopId, classId, childId, familyId ?? null],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('a select without a from returned no row');
  return { ...row, class: row.class ?? undefined, child: row.child ?? undefined };
}
