import type { NewEvent } from '@homeroom/contracts';
import type { RowReport } from '@homeroom/csv';
import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import type { Family } from '../families/schemas.ts';
import { familyJson } from '../families/store.ts';
import { foldedWords } from '../families/words.ts';

/** A family to be created, and its rows. */
export interface NewFamily {
  readonly family: Family;
  readonly rows: readonly RowReport[];
  readonly passwordHash: string | null;
  readonly event: NewEvent;
}

/** The accounts with these emails: each a guardian's family, or a coordinator's. */
export async function findByEmails(
  db: CoopQueryable,
  emails: readonly string[],
): Promise<Map<string, Family | 'coordinator'>> {
  const { rows } = await db.query<{ email: string; family: Family | null }>({
    name: 'find_families_by_emails',
    text: `select a.email_address as email, case when f.id is not null then ${familyJson} end as family
           from accounts a left join families f on f.coop_id = a.coop_id and f.id = a.family_id
           where a.coop_id = $1 and a.email_address = any($2::text[])`,
    values: [db.coopId, emails],
  });
  return new Map(rows.map(({ email, family }) => [email, family ?? 'coordinator']));
}

/** Makes every other change of these families wait. In the order of ids, so that two imports cannot block each other. */
export async function lockByEmails(trx: CoopTransaction, emails: readonly string[]): Promise<void> {
  await trx.query({
    name: 'lock_families_by_emails',
    text: `select from families
           where coop_id = $1
             and id in (select family_id from accounts where coop_id = $1 and email_address = any($2::text[]))
           order by id for update`,
    values: [trx.coopId, emails],
  });
}

interface ChangedFamily {
  readonly before: Family;
  readonly family: Family;
  readonly event: NewEvent;
}

/** Writes the children that families have gained, and the families' events, in one statement. Their rows must be locked. */
export async function addChildren(trx: CoopTransaction, changed: readonly ChangedFamily[]): Promise<void> {
  const given = changed.map(({ before, family: { id, version, name, guardians, children } }) => ({
    id,
    version,
    search_words: foldedWords([name, ...[...guardians, ...children].map((person) => person.name)].join(' ')),
    children: children.slice(before.children.length),
  }));
  const events = changed.map(({ event }) => outboxParameters(trx.coopId, event));
  await trx.query({
    name: 'add_children_of_families',
    text: `with given as (
        select * from json_to_recordset($2::json) as g (id uuid, version int, search_words text[], children json)
      ), family as (
        update families f set version = given.version, search_words = array_to_tsvector(given.search_words), updated_at = now()
        from given where f.coop_id = $1 and f.id = given.id
      ), child as (
        insert into children (coop_id, id, family_id, name, birth_date)
        select $1::uuid, c.id, given.id, c.name, c."birthDate"
        from given, json_to_recordset(given.children) as c (id uuid, name text, "birthDate" date)
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS})
      select $1::uuid, id, topic, key, headers, payload
      from unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[]) with ordinality
        as event (${OUTBOX_COLUMNS}, place)
      order by place`,
    values: [trx.coopId, JSON.stringify(given), ...[0, 1, 2, 3, 4].map((index) => events.map((row) => row[index]))],
  });
}
