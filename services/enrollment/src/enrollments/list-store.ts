import type { CoopQueryable } from '@homeroom/postgres';
import { fieldPairs } from '../classes/columns.ts';
import { isInTwoClasses } from '../seats/slots.ts';
import { positionSql } from '../seats/store.ts';
import { historyFields, listedClassFields, type Filters, type RosterPlace } from './schemas.ts';

const iso = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const fields = `'id', e.enrollment_id, 'version', e.version, 'status', e.status, 'position', ${positionSql},
  'class', json_build_object('id', c.class_id, ${fieldPairs('c', listedClassFields)}),
  'child', json_build_object('id', ch.child_id, 'name', ch.name), 'familyId', e.family_id,
  'amountCents', e.amount_cents, 'priceCents', case when e.status = 'waitlisted' then e.price_cents end,
  'currency', coalesce(e.currency, c.currency),
  'expiresAt', case when e.status = 'offered' then ${iso('e.offer_expires_at')} end,
  'payBy', case when p.state = 'due' then ${iso('p.pay_by')} end, 'payment', p.state, 'reason', e.cancel_reason,
  'refundCents', case when e.status = 'cancelled' then e.refund_cents end,
  'createdAt', ${iso('e.created_at')}, 'updatedAt', ${iso('e.updated_at')}`;

const from = `from enrollments e join classes c on c.coop_id = e.coop_id and c.class_id = e.class_id
  join children ch on ch.coop_id = e.coop_id and ch.child_id = e.child_id
  left join charges p on p.coop_id = e.coop_id and p.enrollment_id = e.enrollment_id`;

export interface Listing extends Filters {
  /** Only of this family: always given for a guardian. */
  readonly ofFamily: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

/** As JSON text, newest first. The statement has only the conditions that are given. */
export async function listEnrollments(
  db: CoopQueryable,
  { ofFamily, familyId, classId, status, before, limit }: Listing,
): Promise<{ id: string; text: string }[]> {
  const values: unknown[] = [db.coopId, limit];
  const given = [
    ['of', 'e.family_id =', ofFamily],
    ['family', 'e.family_id =', familyId],
    ['class', 'e.class_id =', classId],
    ['status', 'e.status =', status],
    ['before', 'e.enrollment_id <', before],
  ].filter((condition): condition is [string, string, string] => condition[2] !== undefined);
  const where = given.map(([, comparison, value]) => ` and ${comparison} $${values.push(value)}`).join('');
  const { rows } = await db.query<{ id: string; text: string }>({
    name: ['enrollments_list', ...given.map(([part]) => part)].join('_'),
    text: `select e.enrollment_id as id, json_strip_nulls(json_build_object(${fields}))::text as text
      ${from} where e.coop_id = $1${where} order by e.enrollment_id desc limit $2`,
    values,
  });
  return rows;
}

const history = `'history', (
  select json_agg(json_build_object('version', h.version, 'type', h.type, 'at', ${iso('h.occurred_at')},
    ${historyFields.map((field) => `'${field}', h.data -> '${field}'`).join(', ')}) order by h.version)
  from enrollment_events h where h.coop_id = e.coop_id and h.enrollment_id = e.enrollment_id)`;

/** As JSON text, with its history. */
export async function findEnrollmentText(
  db: CoopQueryable,
  { id, familyId }: { id: string; familyId: string | undefined },
): Promise<string | undefined> {
  const { rows } = await db.query<{ text: string }>({
    name: 'enrollment_text',
    text: `select json_strip_nulls(json_build_object(${fields}, ${history}))::text as text
      ${from} where e.coop_id = $1 and e.enrollment_id = $2 and ($3::uuid is null or e.family_id = $3)`,
    values: [db.coopId, id, familyId ?? null],
  });
  return rows[0]?.text;
}

/** Why the child no longer fits the class; `ageOn` in SQL. */
const flags = `array_remove(array[
  case when ch.removed then 'child_removed' end,
  case when o.override is null
    and extract(year from age(c.first_day, ch.birth_date)) not between c.age_min and c.age_max
    then 'age_out_of_range' end,
  case when e.status in ('payment_pending', 'enrolled') and ${isInTwoClasses('ch', 'c')}
    then 'schedule_conflict' end], null)`;

/** Seats in the order of enrolling, then the waitlist in its order. */
export async function readRoster(
  db: CoopQueryable,
  { classId, after, limit }: { classId: string; after: RosterPlace | undefined; limit: number },
): Promise<{ exists: boolean; rows: (RosterPlace & { text: string })[] }> {
  const { rows } = await db.query<RosterPlace & { text: string | null }>({
    name: 'roster',
    text: `select coalesce(e.waitlist_number, 0) as number, e.enrollment_id as "enrollmentId",
        case when e.enrollment_id is not null then json_strip_nulls(json_build_object(
          'enrollmentId', e.enrollment_id, 'status', e.status, 'position', ${positionSql},
          'child', json_build_object('id', ch.child_id, 'name', ch.name, 'birthDate', ch.birth_date),
          'family', json_build_object('id', f.family_id, 'name', f.name, 'guardians', (
            select json_agg(json_build_object('name', g ->> 'name', 'email', g ->> 'email'))
            from jsonb_array_elements(f.guardians) g)),
          'flags', ${flags}, 'override', o.override))::text end as text
      from classes c
      left join enrollments e on e.coop_id = c.coop_id and e.class_id = c.class_id and e.status <> 'cancelled'
        and (coalesce(e.waitlist_number, 0), e.enrollment_id) > ($3, $4::uuid)
      left join children ch on ch.coop_id = e.coop_id and ch.child_id = e.child_id
      left join families f on f.coop_id = e.coop_id and f.family_id = e.family_id
      left join lateral (
        select h.data -> 'override' as override from enrollment_events h
        where h.coop_id = e.coop_id and h.enrollment_id = e.enrollment_id and h.version = 1
      ) o on true
      where c.coop_id = $1 and c.class_id = $2
      order by coalesce(e.waitlist_number, 0), e.enrollment_id limit $5`,
    values: [
      db.coopId,
      classId,
      after?.number ?? -1,
      after?.enrollmentId ?? '00000000-0000-0000-0000-000000000000',
      limit,
    ],
  });
  const items = rows.flatMap(({ text, ...place }) => (text === null ? [] : [{ ...place, text }]));
  return { exists: rows.length > 0, rows: items };
}
