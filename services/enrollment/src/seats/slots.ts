import type { CoopTransaction } from '@homeroom/postgres';
import { slotFields, type WeeklySlot } from '../classes/class.ts';
import { fieldPairs } from '../classes/columns.ts';
import type { Enrollment } from './enrollment.ts';

/** The hours of a class as they are stored beside a child. */
export const slotJson = (classes: string): string =>
  `jsonb_build_object('classId', ${classes}.class_id, ${fieldPairs(classes, slotFields)})`;

const slotsWithout = (classId: string): string => `select coalesce(jsonb_agg(slot order by place), '[]')
  from jsonb_array_elements(children.slots) with ordinality as s(slot, place)
  where slot ->> 'classId' <> ${classId}::uuid::text`;

/** The hours at which a child is busy, each with the class that fills it. Locks the child until the transaction ends. */
export async function lockBusyHours(
  trx: CoopTransaction,
  childId: string,
): Promise<(WeeklySlot & { readonly classId: string; readonly title: string })[]> {
  const { rows } = await trx.query<{ busy: (WeeklySlot & { classId: string; title: string })[] }>({
    name: 'child_lock_busy_hours',
    text: `select (
        select coalesce(jsonb_agg(slot || jsonb_build_object('title', c.title) order by c.class_id), '[]')
        from jsonb_array_elements(ch.slots) slot
        join classes c on c.coop_id = ch.coop_id and c.class_id = (slot ->> 'classId')::uuid
      ) as busy
      from children ch where ch.coop_id = $1 and ch.child_id = $2 for no key update of ch`,
    values: [trx.coopId, childId],
  });
  return rows[0]?.busy ?? [];
}

/** Whether the class of the row `classes` meets together with a slot of the child of the row `children`, on at least one day. */
const meetings = (children: string, classes: string): string => `
  jsonb_to_recordset(${children}.slots)
    as s("classId" uuid, weekday text, "startTime" text, "endTime" text, "firstDay" date, "lastDay" date)
  where s."classId" <> ${classes}.class_id and s.weekday = ${classes}.weekday
    and s."startTime" < ${classes}.end_time and ${classes}.start_time < s."endTime"
    and greatest(first_meeting(s.weekday, s."firstDay"), first_meeting(${classes}.weekday, ${classes}.first_day))
      <= least(s."lastDay", ${classes}.last_day)`;

/** SQL: whether the child has a seat in another class at the hours of this one. */
export const isInTwoClasses = (children: string, classes: string): string =>
  `exists (select from ${meetings(children, classes)})`;

interface ChildInTwoClasses {
  readonly enrollmentId: string;
  readonly child: { readonly id: string; readonly name: string };
  readonly family: { readonly id: string; readonly name: string };
  readonly class: WeeklySlot & { readonly id: string; readonly title: string };
}

/** The first 200 children with a seat in this class who are in another one at the same hour, by name. */
export async function findChildConflicts(trx: CoopTransaction, classId: string): Promise<ChildInTwoClasses[]> {
  const { rows } = await trx.query<{ found: ChildInTwoClasses }>({
    name: 'class_child_conflicts',
    text: `select json_build_object('enrollmentId', e.enrollment_id,
        'child', json_build_object('id', ch.child_id, 'name', ch.name),
        'family', json_build_object('id', f.family_id, 'name', f.name),
        'class', json_build_object('id', o.class_id, 'title', o.title, ${fieldPairs('o', slotFields)})) as found
      from classes c
        join enrollments e on e.coop_id = c.coop_id and e.class_id = c.class_id
          and e.status in ('payment_pending', 'enrolled')
        join children ch on ch.coop_id = e.coop_id and ch.child_id = e.child_id
        join families f on f.coop_id = e.coop_id and f.family_id = e.family_id
        cross join lateral (select s."classId" from ${meetings('ch', 'c')}) other
        join classes o on o.coop_id = c.coop_id and o.class_id = other."classId"
      where c.coop_id = $1 and c.class_id = $2 order by ch.name, e.enrollment_id, o.title limit 200`,
    values: [trx.coopId, classId],
  });
  return rows.map(({ found }) => found);
}

/** Adds the class's hours to the child's busy hours. */
export async function holdSlot(trx: CoopTransaction, { childId, classId }: Enrollment): Promise<void> {
  await trx.query({
    name: 'child_hold_slot',
    text: `update children set slots = slots || ${slotJson('classes')} from classes
      where children.coop_id = $1 and child_id = $2 and classes.coop_id = $1 and class_id = $3`,
    values: [trx.coopId, childId, classId],
  });
}

/** Removes the class's hours from the child's busy hours. */
export async function releaseSlot(trx: CoopTransaction, { childId, classId }: Enrollment): Promise<void> {
  await trx.query({
    name: 'child_release_slot',
    text: `update children set slots = (${slotsWithout('$3')}) where coop_id = $1 and child_id = $2`,
    values: [trx.coopId, childId, classId],
  });
}

/** Updates the busy hours of every child with a seat in a class whose hours have changed. */
export async function moveSlots(trx: CoopTransaction, classId: string): Promise<void> {
  await trx.query({
    name: 'children_move_slots',
    text: `update children set slots = (${slotsWithout('$2')}) || ${slotJson('classes')}
      from classes, enrollments e
      where classes.coop_id = $1 and classes.class_id = $2
        and e.coop_id = $1 and e.class_id = $2 and e.status in ('payment_pending', 'enrolled')
        and children.coop_id = $1 and children.child_id = e.child_id`,
    values: [trx.coopId, classId],
  });
}
