import type { CoopTransaction, Queryable } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import { takeLease, type DueMail, type Lease } from '../deliveries/mail-queue.ts';
import { contentOf, type AccountEvent, type AccountMailContent } from './account-mail.ts';

/** Queues the mail of an event, for the address that the event names. */
export async function addAccountMail(trx: CoopTransaction, event: AccountEvent): Promise<void> {
  const { accountId, email } = event.data;
  const { kind, ...details } = contentOf(event);
  const expiresAt = 'expiresAt' in details ? details.expiresAt : undefined;
  await trx.query({
    name: 'add_account_mail',
    text: `insert into account_mails (
        coop_id, account_mail_id, event_id, account_id, email, kind, details, created_at, due_at, expires_at, traceparent)
      values ($1, $2, $3, $4, $5, $6, $7, now(), now(), $8, $9)`,
    values: [
      trx.coopId,
      uuid(),
      event.id,
      accountId,
      email,
      kind,
      JSON.stringify(details),
      expiresAt,
      event.traceparent,
    ],
  });
}

export interface DueAccountMail extends DueMail {
  readonly kind: AccountMailContent['kind'];
  readonly email: string;
  readonly details: object;
}

/** Takes due mails of all co-ops, of each account only the first, and ends those whose link has expired. */
export async function claimAccountMails(db: Queryable, { limit, leaseMs }: Lease): Promise<DueAccountMail[]> {
  const { rows } = await db.query<DueAccountMail>({
    name: 'claim_account_mails',
    text: `with /* every co-op */ expired as (
        update account_mails set status = 'expired' where status = 'due' and due_at <= now() and expires_at <= now()
      ), head as (
        select m.coop_id, m.account_mail_id from account_mails m
        where m.status = 'due' and m.due_at <= now() and (m.expires_at > now() or m.expires_at is null) and not exists (
          select from account_mails e
          where e.coop_id = m.coop_id and e.account_id = m.account_id and e.status = 'due' and e.sequence < m.sequence
            and (e.expires_at > now() or e.expires_at is null))
        order by m.due_at limit $1 for update of m skip locked
      )
      update account_mails m set ${takeLease}
      from head where m.coop_id = head.coop_id and m.account_mail_id = head.account_mail_id
      returning m.coop_id as "coopId", m.account_mail_id as id, m.email, m.kind, m.details, m.attempts,
        m.created_at as "createdAt", m.traceparent`,
    values: [limit, leaseMs],
  });
  return rows;
}

/** Deletes mails of all co-ops that ended more than `days` ago, at most `limit` of them. @returns how many. */
export async function deleteOldAccountMails(db: Queryable, { days = 90, limit = 10_000 } = {}): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete_old_account_mails',
    text: `delete /* every co-op */ from account_mails where (coop_id, account_mail_id) in (
        select coop_id, account_mail_id from account_mails
        where created_at < now() - make_interval(days => $1) and status <> 'due' order by created_at limit $2)`,
    values: [days, limit],
  });
  return rowCount;
}
