import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import { classJson, seatsOf } from './columns.ts';
import type { ClassView, Search } from './schemas.ts';

/** The hot read: one query, no object is made of it. */
export async function findClassText(db: CoopQueryable, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ text: string }>({
    name: 'class_text',
    text: `select ${classJson('c')}::text as text from classes c ${seatsOf('c')}
      where c.coop_id = $1 and c.class_id = $2`,
    values: [db.coopId, id],
  });
  return rows[0]?.text;
}

/** Locks the class and its seats until the transaction ends: what its details allow, and what its seats become, stays so. */
export async function lockClass(trx: CoopTransaction, id: string): Promise<ClassView | undefined> {
  const { rows } = await trx.query<{ class: ClassView }>({
    name: 'class_lock',
    text: `select ${classJson('c')} as class from classes c ${seatsOf('c')}
      where c.coop_id = $1 and c.class_id = $2 for no key update`,
    values: [trx.coopId, id],
  });
  return rows[0]?.class;
}

/** The statement has only the conditions that are given, so each combination has a plan of its own. */
export async function searchClasses(
  db: CoopQueryable,
  { q, age, day, after, limit }: Search,
): Promise<{ id: string; title: string; text: string }[]> {
  const values: unknown[] = [db.coopId, limit];
  const parameter = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['c.coop_id = $1'];
  const parts = ['classes_search'];
  const add = (part: string, condition: string): void => {
    parts.push(part);
    conditions.push(condition);
  };
  if (q !== undefined) add('text', `c.search @@ search_query(${parameter(q)})`);
  if (age !== undefined) {
    const value = parameter(age);
    add('age', `c.age_min <= ${value} and c.age_max >= ${value}`);
  }
  if (day !== undefined) add('day', `c.weekday = ${parameter(day)}`);
  if (after !== undefined) {
    add('after', `(c.title, c.class_id) > (${parameter(after.title)}, ${parameter(after.id)}::uuid)`);
  }
  const { rows } = await db.query<{ id: string; title: string; text: string }>({
    name: parts.join('_'),
    text: `select c.class_id as id, c.title, ${classJson('c')}::text as text
      from classes c ${seatsOf('c')} where ${conditions.join(' and ')} order by c.title, c.class_id limit $2`,
    values,
  });
  return rows;
}
