import type { NewEvent } from '@homeroom/contracts';
import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import type { IssuedToken } from '../credentials/account-tokens.ts';
import type { Family } from './schemas.ts';
import { foldedWords, sortKey } from './words.ts';

/** A whole family as JSON, from `families f`. */
export const familyJson = `json_strip_nulls(json_build_object(
  'id', f.id,
  'version', f.version,
  'name', f.name,
  'address', nullif(json_strip_nulls(json_build_object(
    'street', f.street,
    'city', f.city,
    'postalCode', f.postal_code,
    'latitude', f.location[1],
    'longitude', f.location[0]))::text, '{}')::json,
  'guardians', (
    select coalesce(json_agg(json_build_object('id', g.id, 'name', g.name, 'email', g.email, 'phone', g.phone,
      'emailVerified', own.email_verified_at is not null) order by g.position, g.id), '[]')
    from guardians g left join accounts own on own.coop_id = g.coop_id and own.id = g.id
    where g.coop_id = f.coop_id and g.family_id = f.id),
  'children', (
    select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'birthDate', c.birth_date) order by c.id), '[]')
    from children c where c.coop_id = f.coop_id and c.family_id = f.id)))`;

export async function findFamily(db: CoopQueryable, familyId: string): Promise<Family | undefined> {
  const { rows } = await db.query<{ family: Family }>({
    name: 'find_family',
    text: `select ${familyJson} as family from families f where f.coop_id = $1 and f.id = $2`,
    values: [db.coopId, familyId],
  });
  return rows[0]?.family;
}

/**
 * Makes every other change of the family wait. A statement of its own: one that locks and reads at once shows children as
 * they were before it had to wait.
 */
export async function lockFamily(trx: CoopTransaction, familyId: string): Promise<void> {
  await trx.query({
    name: 'lock_family',
    text: 'select from families where coop_id = $1 and id = $2 for update',
    values: [trx.coopId, familyId],
  });
}

interface NewFamily {
  readonly family: Family;
  /** Null: no password can be right. */
  readonly passwordHash: string | null;
  readonly event: NewEvent;
  /** For an address that its guardian has to confirm. */
  readonly verification?: IssuedToken | undefined;
}

/** The columns of a family in what `recordOf` makes. */
const recordColumns =
  'id uuid, version int, name text, address json, search_words text[], sort_name text, guardians json, children json';

const addressValues = `address->>'street', address->>'city', address->>'postalCode',
  point((address->>'longitude')::float8, (address->>'latitude')::float8)`;

const insertText = `with given as (
    select * from json_to_recordset($2::json)
      as g (${recordColumns}, password_hash text, token_hash text, token_expires_at timestamptz)
  ), guardian as (
    select given.id as family_id, given.password_hash, g.*
    from given, json_to_recordset(given.guardians)
      as g (id uuid, position smallint, name text, email text, "emailVerified" boolean, phone text)
  ), account as (
    insert into accounts (coop_id, id, email_address, password_hash, role, family_id, email_verified_at)
    select $1::uuid, id, email, password_hash, 'guardian', family_id, case when "emailVerified" then now() end
    from guardian
    -- whichever unique index knows the address, also that of the last release
    on conflict do nothing
    returning id, family_id
  ), token as (
    insert into account_tokens (coop_id, token_hash, account_id, purpose, expires_at)
    select $1::uuid, decode(token_hash, 'hex'), account.id, 'verify_email', token_expires_at
    from given join account on account.family_id = given.id
    where token_hash is not null
  ), family as (
    insert into families (coop_id, id, version, name, street, city, postal_code, location, search_words, sort_name)
    select $1::uuid, given.id, version, name, ${addressValues}, array_to_tsvector(search_words), sort_name
    from given join account on account.family_id = given.id
    returning id
  ), their_guardians as (
    insert into guardians (coop_id, id, family_id, position, name, email, phone)
    select $1::uuid, g.id, g.family_id, g.position, g.name, g.email, g.phone
    from guardian g join family on family.id = g.family_id
  ), their_children as (
    insert into children (coop_id, id, family_id, name, birth_date)
    select $1::uuid, c.id, family.id, c.name, c."birthDate"
    from family join given using (id), json_to_recordset(given.children) as c (id uuid, name text, "birthDate" date)
  ), published as (
    insert into outbox (coop_id, ${OUTBOX_COLUMNS})
    select $1::uuid, event.id, topic, key, headers, payload
    from unnest($3::uuid[], $4::text[], $5::text[], $6::jsonb[], $7::bytea[], $8::uuid[]) with ordinality
      as event (${OUTBOX_COLUMNS}, family_id, place)
    join family on family.id = event.family_id
    order by place
  )
  select id as family_id from family`;

/**
 * Writes families, their accounts and their events in one statement, so that a registration is one round trip.
 * @returns the ids of those written; the others' email has an account.
 */
export async function insertFamilies(db: CoopQueryable, families: readonly NewFamily[]): Promise<Set<string>> {
  const given = families.map(({ family, passwordHash, verification }) => ({
    ...recordOf(family),
    password_hash: passwordHash,
    token_hash: verification?.hash.toString('hex'),
    token_expires_at: verification?.expiresAt,
  }));
  const events = families.flatMap(({ family, event, verification }) =>
    [event, ...(verification === undefined ? [] : [verification.event])].map((one) => [
      ...outboxParameters(db.coopId, one),
      family.id,
    ]),
  );
  const columns = [0, 1, 2, 3, 4, 5].map((index) => events.map((row) => row[index]));
  const { rows } = await db.query<{ family_id: string }>({
    name: 'insert_families',
    text: insertText,
    values: [db.coopId, JSON.stringify(given), ...columns],
  });
  return new Set(rows.map((row) => row.family_id));
}

/** Writes a changed family and its event in one statement. Its row must be locked by the transaction. */
export async function saveFamily(trx: CoopTransaction, family: Family, event: NewEvent): Promise<void> {
  await trx.query({
    name: 'save_family',
    text: `with given as (
        select * from json_to_record($2::json) as g (${recordColumns})
      ), family as (
        update families f set version = given.version, name = given.name,
          (street, city, postal_code, location) = row (${addressValues}),
          search_words = array_to_tsvector(given.search_words), sort_name = given.sort_name, updated_at = now()
        from given where f.coop_id = $1 and f.id = given.id
      ), their_guardians as (
        update guardians g set name = new.name, phone = new.phone
        from given, json_to_recordset(given.guardians) as new (id uuid, name text, phone text)
        where g.coop_id = $1 and g.id = new.id and g.family_id = given.id
      ), their_child as (
        select c.*, given.id as family_id
        from given, json_to_recordset(given.children) as c (id uuid, name text, "birthDate" date)
      ), removed as (
        delete from children c using given
        where c.coop_id = $1 and c.family_id = given.id and c.id not in (select id from their_child)
      ), upserted as (
        insert into children as c (coop_id, id, family_id, name, birth_date)
        select $1::uuid, id, family_id, name, "birthDate" from their_child
        on conflict (coop_id, id) do update set name = excluded.name, birth_date = excluded.birth_date
        where (c.name, c.birth_date) is distinct from (excluded.name, excluded.birth_date)
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS}) values ($1, $3, $4, $5, $6, $7)`,
    values: [trx.coopId, JSON.stringify(recordOf(family)), ...outboxParameters(trx.coopId, event)],
  });
}

function recordOf(family: Family): object {
  const { name, guardians, children } = family;
  return {
    ...family,
    search_words: foldedWords([name, ...[...guardians, ...children].map((person) => person.name)].join(' ')),
    sort_name: sortKey(name),
    guardians: guardians.map((guardian, position) => ({ ...guardian, position })),
  };
}
