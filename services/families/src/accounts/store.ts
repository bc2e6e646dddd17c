import type { NewEvent } from '@homeroom/contracts';
import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import type { CoopQueryable, CoopTransaction, Queryable, Statement } from '@homeroom/postgres';
import type { Principal } from '@homeroom/sessions';
import { randomUUID } from 'node:crypto';
import { operatorsCoopId } from '../coops/coop.ts';
import { accountEvent, issueToken, type IssuedToken, type TokenPurpose } from '../credentials/account-tokens.ts';

export interface Account {
  readonly principal: Principal;
  readonly email: string;
  readonly passwordHash?: string;
  readonly emailVerified: boolean;
}

/** An account as JSON, from `accounts a`. */
const accountJson = `json_strip_nulls(json_build_object(
  'principal', json_build_object('accountId', a.id, 'role', a.role,
    'coopId', case when a.role <> 'operator' then a.coop_id end, 'familyId', a.family_id),
  'email', a.email_address,
  'passwordHash', a.password_hash,
  'emailVerified', a.email_verified_at is not null))`;

const findOne = async (db: CoopQueryable, statement: Statement): Promise<Account | undefined> =>
  (await db.query<{ account: Account }>(statement)).rows[0]?.account;

/**
 * Publishes an event of an account whose id only the statement knows, as `id` of its rows. In the event a placeholder stands
 * for it. The first parameter of the statement is the co-op's id.
 * @param first the number of the first parameter, of those of `placeholderParameters`.
 */
const publishFrom = (first: number): string => `insert into outbox (coop_id, ${OUTBOX_COLUMNS})
  select $1::uuid, $${first}::uuid, $${first + 1}, id::text, replace($${first + 3}, $${first + 2}, id::text)::jsonb,
    convert_to(replace($${first + 4}, $${first + 2}, id::text), 'UTF8')`;

function placeholderParameters(coopId: string, event: NewEvent): string[] {
  const [id, topic, placeholder, headers, payload] = outboxParameters(coopId, event);
  return [id, topic, placeholder, headers, payload.toString()];
}

/** The account that an address signs in to in a co-op: its own, otherwise an operator's. */
export const findAccount = (db: CoopQueryable, email: string): Promise<Account | undefined> =>
  findOne(db, {
    name: 'find_account',
    text: `select /* every co-op */ ${accountJson} as account
      from accounts a
      where a.coop_id in ($1, $2) and a.email_address = $3 and (a.coop_id = $1 or a.role = 'operator')
      order by a.coop_id = $1 desc
      limit 1`,
    values: [db.coopId, operatorsCoopId, email],
  });

export const findAccountById = (db: CoopQueryable, accountId: string): Promise<Account | undefined> =>
  findOne(db, {
    name: 'find_account_by_id',
    text: `select ${accountJson} as account from accounts a where a.coop_id = $1 and a.id = $2`,
    values: [db.coopId, accountId],
  });

/** The names that belong to an account: its owner's, and the family's. */
export async function findNames(db: CoopQueryable, accountId: string): Promise<string[]> {
  const { rows } = await db.query<{ names: string[] }>({
    name: 'find_account_names',
    text: `select array_remove(array[a.name, g.name, f.name], null) as names
      from accounts a
        left join guardians g on g.coop_id = a.coop_id and g.id = a.id
        left join families f on f.coop_id = a.coop_id and f.id = a.family_id
      where a.coop_id = $1 and a.id = $2`,
    values: [db.coopId, accountId],
  });
  return rows[0]?.names ?? [];
}

/** Sets a password, publishes the change, and invalidates the resets that were requested before. */
export async function setPassword(
  trx: CoopTransaction,
  { principal: { accountId }, email }: Account,
  passwordHash: string,
): Promise<void> {
  const event = accountEvent('homeroom.account.password-changed.v1', { accountId, email });
  await trx.query({
    name: 'set_password',
    text: `with account as (
        update accounts set password_hash = $3 where coop_id = $1 and id = $2
      ), resets as (
        update account_tokens set used_at = now()
        where coop_id = $1 and account_id = $2 and purpose = 'reset_password' and used_at is null
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS}) values ($1, $4, $5, $6, $7, $8)`,
    values: [trx.coopId, accountId, passwordHash, ...outboxParameters(trx.coopId, event)],
  });
}

export async function verifyEmail(trx: CoopTransaction, accountId: string): Promise<void> {
  await trx.query({
    name: 'verify_email',
    text: `update accounts set email_verified_at = now()
      where coop_id = $1 and id = $2 and email_verified_at is null`,
    values: [trx.coopId, accountId],
  });
}

/** Stores a token and publishes that its mail is wanted, in one statement. */
export async function insertToken(
  db: CoopQueryable,
  accountId: string,
  { hash, purpose, expiresAt, event }: IssuedToken,
): Promise<void> {
  await db.query({
    name: 'insert_account_token',
    text: `with token as (
        insert into account_tokens (coop_id, token_hash, account_id, purpose, expires_at) values ($1, $2, $3, $4, $5)
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS}) values ($1, $6, $7, $8, $9, $10)`,
    values: [db.coopId, hash, accountId, purpose, expiresAt, ...outboxParameters(db.coopId, event)],
  });
}

/**
 * The same for an address that may have no account. One statement, and one row written, in both cases: the answer takes as
 * long.
 */
export async function insertTokenByEmail(db: CoopQueryable, email: string, secret: string): Promise<void> {
  const account = { accountId: randomUUID(), email };
  const { hash, purpose, expiresAt, event } = issueToken('reset_password', account, secret);
  await db.query({
    name: 'insert_account_token_by_email',
    text: `with account as (
        select id from accounts where coop_id = $1 and email_address = $2
      ), token as (
        insert into account_tokens (coop_id, token_hash, account_id, purpose, expires_at)
        values ($1, $3, (select id from account), $4, $5)
      )
      ${publishFrom(6)} from account`,
    values: [db.coopId, email, hash, purpose, expiresAt, ...placeholderParameters(db.coopId, event)],
  });
}

/** Publishes an attack on an account, if the address has one. */
export async function publishAttack(
  db: CoopQueryable,
  email: string,
  counted: { failures: number; withinMinutes: number },
): Promise<void> {
  const account = { accountId: randomUUID(), email };
  const event = accountEvent('homeroom.account.sign-in-attacked.v1', { ...account, ...counted });
  await db.query({
    name: 'publish_sign_in_attack',
    text: `${publishFrom(3)} from accounts where coop_id = $1 and email_address = $2`,
    values: [db.coopId, email, ...placeholderParameters(db.coopId, event)],
  });
}

const usable = `t.coop_id = $1 and t.token_hash = $2 and t.purpose = $3 and t.used_at is null and t.expires_at > now()`;

/** The account of a token, without using it up. */
export const findTokenAccount = (
  db: CoopQueryable,
  hash: Buffer,
  purpose: TokenPurpose,
): Promise<Account | undefined> =>
  findOne(db, {
    name: 'find_token_account',
    text: `select ${accountJson} as account
      from account_tokens t join accounts a on a.coop_id = t.coop_id and a.id = t.account_id
      where ${usable}`,
    values: [db.coopId, hash, purpose],
  });

/** Uses a token up: of simultaneous calls one gets the account. */
export const consumeToken = (trx: CoopTransaction, hash: Buffer, purpose: TokenPurpose): Promise<Account | undefined> =>
  findOne(trx, {
    name: 'consume_account_token',
    text: `update account_tokens t set used_at = now() from accounts a
      where a.coop_id = t.coop_id and a.id = t.account_id and ${usable}
      returning ${accountJson} as account`,
    values: [trx.coopId, hash, purpose],
  });

/** Deletes every co-op's tokens that expired more than a day ago, at most 10,000. @returns how many. */
export async function deleteExpiredTokens(db: Queryable): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete_expired_account_tokens',
    text: `delete /* every co-op */ from account_tokens where (coop_id, token_hash) in (
        select /* every co-op */ coop_id, token_hash from account_tokens
        where expires_at < now() - interval '1 day'
        order by expires_at
        limit 10000)`,
  });
  return rowCount;
}

/**
 * Adds a coordinator, or gives the one with this email a new name and password, and publishes the account in the same
 * statement. It is also published when nothing has changed, for a service that missed it before.
 * @returns whether there was none before; undefined when a guardian has the email.
 */
export async function saveCoordinator(
  db: CoopQueryable,
  coordinator: { id: string; email: string; name: string; passwordHash: string },
): Promise<'added' | 'changed' | undefined> {
  const { id, email, name, passwordHash } = coordinator;
  const event = accountEvent('homeroom.account.coordinator-saved.v1', { accountId: id, email, name });
  const { rows } = await db.query<{ id: string }>({
    name: 'save_coordinator',
    // verified: an operator vouches for the address
    text: `with account as (
        insert into accounts as a (coop_id, id, email_address, name, password_hash, role, email_verified_at)
        values ($1::uuid, $2::uuid, $3, $4, $5, 'coordinator', now())
        on conflict (coop_id, email_address) do update set name = excluded.name, password_hash = excluded.password_hash
        where a.role = 'coordinator'
        returning id
      ), published as (
        ${publishFrom(6)} from account
      )
      select id from account`,
    values: [db.coopId, id, email, name, passwordHash, ...placeholderParameters(db.coopId, event)],
  });
  if (rows[0] === undefined) return undefined;
  return rows[0].id === id ? 'added' : 'changed';
}

/**
 * Adds an operator, or gives the one with this email a new name and password. Nothing is published: no service writes to
 * operators.
 * @returns whether there was none before; undefined when someone of a co-op has the email.
 */
export async function saveOperator(
  db: Queryable,
  { id, email, name, passwordHash }: { id: string; email: string; name: string; passwordHash: string },
): Promise<'added' | 'changed' | undefined> {
  const { rows } = await db.query<{ id: string }>({
    name: 'save_operator',
    text: `insert into accounts as a (coop_id, id, email_address, name, password_hash, role, email_verified_at)
      values ($1::uuid, $2::uuid, $3, $4, $5, 'operator', now())
      on conflict (coop_id, email_address) do update set name = excluded.name, password_hash = excluded.password_hash
      where a.role = 'operator'
      returning id`,
    values: [operatorsCoopId, id, email, name, passwordHash],
  });
  if (rows[0] === undefined) return undefined;
  return rows[0].id === id ? 'added' : 'changed';
}
