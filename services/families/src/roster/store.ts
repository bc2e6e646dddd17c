import type { Queryable } from '@homeroom/postgres';
import type { Family } from '../families/schemas.ts';
import { familyJson } from '../families/store.ts';

/** The accounts with these emails: each a guardian's family, or a coordinator's. */
export async function findByEmails(
  db: Queryable,
  emails: readonly string[],
): Promise<Map<string, Family | 'coordinator'>> {
  const { rows } = await db.query<{ email: string; family: Family | null }>({
    name: 'find_families_by_emails',
    text: `select a.email, case when f.id is not null then ${familyJson} end as family
           from accounts a left join families f on f.id = a.family_id
           where a.email = any($1::text[])`,
    values: [emails],
  });
  return new Map(rows.map(({ email, family }) => [email, family ?? 'coordinator']));
}
