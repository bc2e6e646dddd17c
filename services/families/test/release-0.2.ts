import { ofCoop, type Database, type Queryable, type Statement } from '@homeroom/postgres';

/*
 * The statements of version 0.2. Old processes run them beside new ones during an upgrade and after a rollback, so they never
 * change. They know no co-ops.
 */

const familyJson = `json_strip_nulls(json_build_object(
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
    from guardians g left join accounts own on own.id = g.id where g.family_id = f.id),
  'children', (
    select coalesce(json_agg(json_build_object('id', c.id, 'name', c.name, 'birthDate', c.birth_date) order by c.id), '[]')
    from children c where c.family_id = f.id)))`;

// with the co-op: sessions of version 0.2 have none, which is the first one; the test's processes store it
const accountJson = `json_strip_nulls(json_build_object(
  'principal', json_build_object('accountId', a.id, 'role', a.role, 'familyId', a.family_id,
    'coopId', '00000000-0000-7000-8000-000000000001'),
  'email', a.email,
  'passwordHash', a.password_hash,
  'emailVerified', a.email_verified_at is not null))`;

const outboxColumns = 'id, topic, key, headers, payload';

const publishFrom = (first: number): string => `insert into outbox (${outboxColumns})
  select $${first}::uuid, $${first + 1}, id::text, replace($${first + 3}, $${first + 2}, id::text)::jsonb,
    convert_to(replace($${first + 4}, $${first + 2}, id::text), 'UTF8')`;

const recordColumns =
  'id uuid, version int, name text, address json, search_words text[], sort_name text, guardians json, children json';

const addressValues = `address->>'street', address->>'city', address->>'postalCode',
  point((address->>'longitude')::float8, (address->>'latitude')::float8)`;

const usable = `t.token_hash = $1 and t.purpose = $2 and t.used_at is null and t.expires_at > now()`;

/** By name. Their values are those of the new statement without the co-op, which comes first there. */
export const texts = {
  insert_families: `with given as (
    select * from json_to_recordset($1::json)
      as g (${recordColumns}, password_hash text, token_hash text, token_expires_at timestamptz)
  ), guardian as (
    select given.id as family_id, given.password_hash, g.*
    from given, json_to_recordset(given.guardians)
      as g (id uuid, position smallint, name text, email text, "emailVerified" boolean, phone text)
  ), account as (
    insert into accounts (id, email, password_hash, role, family_id, email_verified_at)
    select id, email, password_hash, 'guardian', family_id, case when "emailVerified" then now() end from guardian
    on conflict (email) do nothing
    returning id, family_id
  ), token as (
    insert into account_tokens (token_hash, account_id, purpose, expires_at)
    select decode(token_hash, 'hex'), account.id, 'verify_email', token_expires_at
    from given join account on account.family_id = given.id
    where token_hash is not null
  ), family as (
    insert into families (id, version, name, street, city, postal_code, location, search_words, sort_name)
    select given.id, version, name, ${addressValues}, array_to_tsvector(search_words), sort_name
    from given join account on account.family_id = given.id
    returning id
  ), their_guardians as (
    insert into guardians (id, family_id, position, name, email, phone)
    select g.id, g.family_id, g.position, g.name, g.email, g.phone from guardian g join family on family.id = g.family_id
  ), their_children as (
    insert into children (id, family_id, name, birth_date)
    select c.id, family.id, c.name, c."birthDate"
    from family join given using (id), json_to_recordset(given.children) as c (id uuid, name text, "birthDate" date)
  ), published as (
    insert into outbox (${outboxColumns})
    select event.id, topic, key, headers, payload
    from unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::bytea[], $7::uuid[]) with ordinality
      as event (${outboxColumns}, family_id, place)
    join family on family.id = event.family_id
    order by place
  )
  select id as family_id from family`,
  find_family: `select ${familyJson} as family from families f where f.id = $1`,
  lock_family: 'select from families where id = $1 for update',
  save_family: `with given as (
        select * from json_to_record($1::json) as g (${recordColumns})
      ), family as (
        update families f set version = given.version, name = given.name,
          (street, city, postal_code, location) = row (${addressValues}),
          search_words = array_to_tsvector(given.search_words), sort_name = given.sort_name, updated_at = now()
        from given where f.id = given.id
      ), their_guardians as (
        update guardians g set name = new.name, phone = new.phone
        from given, json_to_recordset(given.guardians) as new (id uuid, name text, phone text)
        where g.id = new.id and g.family_id = given.id
      ), their_child as (
        select c.*, given.id as family_id
        from given, json_to_recordset(given.children) as c (id uuid, name text, "birthDate" date)
      ), removed as (
        delete from children c using given where c.family_id = given.id and c.id not in (select id from their_child)
      ), upserted as (
        insert into children as c (id, family_id, name, birth_date)
        select id, family_id, name, "birthDate" from their_child
        on conflict (id) do update set name = excluded.name, birth_date = excluded.birth_date
        where (c.name, c.birth_date) is distinct from (excluded.name, excluded.birth_date)
      )
      insert into outbox (${outboxColumns}) values ($2, $3, $4, $5, $6)`,
  find_families_by_emails: `select a.email, case when f.id is not null then ${familyJson} end as family
           from accounts a left join families f on f.id = a.family_id
           where a.email = any($1::text[])`,
  search_families_words: `select ${familyJson} as family, f.sort_name as position
           from families f
           where f.search_words @@ $1::tsquery
           order by f.sort_name, f.id
           limit $2`,
  find_account: `select ${accountJson} as account from accounts a where a.email = $1`,
  find_account_by_id: `select ${accountJson} as account from accounts a where a.id = $1`,
  set_password: `with account as (
        update accounts set password_hash = $2 where id = $1
      ), resets as (
        update account_tokens set used_at = now()
        where account_id = $1 and purpose = 'reset_password' and used_at is null
      )
      insert into outbox (${outboxColumns}) values ($3, $4, $5, $6, $7)`,
  verify_email: 'update accounts set email_verified_at = now() where id = $1 and email_verified_at is null',
  insert_account_token: `with token as (
        insert into account_tokens (token_hash, account_id, purpose, expires_at) values ($1, $2, $3, $4)
      )
      insert into outbox (${outboxColumns}) values ($5, $6, $7, $8, $9)`,
  insert_account_token_by_email: `with account as (
        select id from accounts where email = $1
      ), token as (
        insert into account_tokens (token_hash, account_id, purpose, expires_at)
        values ($2, (select id from account), $3, $4)
      )
      ${publishFrom(5)} from account`,
  publish_sign_in_attack: `${publishFrom(2)} from accounts where email = $1`,
  find_token_account: `select ${accountJson} as account from account_tokens t join accounts a on a.id = t.account_id where ${usable}`,
  consume_account_token: `update account_tokens t set used_at = now() from accounts a
      where a.id = t.account_id and ${usable}
      returning ${accountJson} as account`,
  save_coordinator: `with account as (
        insert into accounts as a (id, email, name, password_hash, role, email_verified_at)
        values ($1::uuid, $2, $3, $4, 'coordinator', now())
        on conflict (email) do update set name = excluded.name, password_hash = excluded.password_hash
        where a.role = 'coordinator'
        returning id
      ), published as (
        ${publishFrom(5)} from account
      )
      select id from account`,
  claim_idempotency_key: `insert into idempotency_keys (principal, key, request_hash) values ($1, $2, $3)
           on conflict (principal, key) do update set key = excluded.key
           returning request_hash, body, xmax = 0 as fresh`,
  store_idempotent_response: 'update idempotency_keys set status = $3, body = $4 where principal = $1 and key = $2',
} satisfies Readonly<Record<string, string>>;

const isKnown = (name: string): name is keyof typeof texts => Object.hasOwn(texts, name);

/** The statement of version 0.2 for one of this version. */
const translated = (statement: Statement): Statement => {
  const { name, values = [] } = statement;
  if (!isKnown(name)) return statement;
  // of an account, the operators' co-op comes second
  return { name: `${name}_0_2`, text: texts[name], values: values.slice(name === 'find_account' ? 2 : 1) };
};

const asOld = <Db extends Queryable>(db: Db): Db => ({
  ...db,
  query: <Row>(statement: Statement) => db.query<Row>(translated(statement)),
});

/** The database as a process of version 0.2 uses it: the same use-cases with the statements of that version. */
export function asRelease02(database: Database): Database {
  const old: Database = {
    ...asOld(database),
    transaction: (work, options) => database.transaction((trx) => work(asOld(trx)), options),
    read: (freshness, work) => database.read(freshness, (db) => work(asOld(db))),
    ofCoop: (coopId) => ({
      coopId,
      query: (statement) => old.query(statement),
      transaction: (work, options) => old.transaction((trx) => work(ofCoop(trx, coopId)), options),
      read: (freshness, work) =>
        old.read(freshness, (db) => work({ coopId, query: (statement) => db.query(statement) })),
    }),
  };
  return old;
}
