import type { Queryable } from '@homeroom/postgres';
import type { Family } from '../families/family.ts';
import { familyColumns, toFamily, type FamilyRow } from '../families/store.ts';

/** Who has these emails: a family, or somebody who is no guardian. */
export async function findByEmails(
  db: Queryable,
  emails: readonly string[],
): Promise<Map<string, Family | 'coordinator'>> {
  const { rows } = await db.query<({ family_id: null } | ({ family_id: string } & FamilyRow)) & { email: string }>({
    name: 'find_families_by_emails',
    text: `select a.email, a.family_id, ${familyColumns} from accounts a left join families f on f.id = a.family_id
           where a.email = any($1::text[])`,
    values: [emails],
  });
  return new Map(rows.map((row) => [row.email, row.family_id === null ? 'coordinator' : toFamily(row)]));
}
