import type { CoopTransaction, Queryable } from '@homeroom/postgres';
import { takeLease, type DueMail, type Lease } from '../deliveries/mail-queue.ts';

export interface MailedNotification {
  readonly id: string;
  readonly position: number;
  readonly kind: string;
  readonly createdAt: Date;
  readonly traceparent: string | undefined;
}

/** Queues the mail of a notification for every coordinator who has switched its kind on. */
export async function addCoordinatorMails(
  trx: CoopTransaction,
  { id, position, kind, createdAt, traceparent }: MailedNotification,
): Promise<void> {
  await trx.query({
    name: 'add_coordinator_mails',
    text: `insert into coordinator_mails (coop_id, notification_id, account_id, position, due_at, traceparent)
      select $1::uuid, $2::uuid, account_id, $3::bigint, $4::timestamptz, $5::text
      from coordinator_preferences where coop_id = $1 and email_enabled and $6::text = any (mailed_kinds)`,
    values: [trx.coopId, id, position, createdAt, traceparent, kind],
  });
}

/** With the name and the address that the coordinator has now. */
export interface DueCoordinatorMail extends DueMail {
  readonly name: string;
  readonly email: string;
  readonly subject: string;
  readonly body: string;
}

/** Takes due mails of all co-ops, of each coordinator only the first. */
export async function claimCoordinatorMails(db: Queryable, { limit, leaseMs }: Lease): Promise<DueCoordinatorMail[]> {
  const { rows } = await db.query<DueCoordinatorMail>({
    name: 'claim_coordinator_mails',
    text: `with /* every co-op */ head as (
        select m.coop_id, m.coordinator_mail_id from coordinator_mails m
          join coordinators c on c.coop_id = m.coop_id and c.account_id = m.account_id
        where m.status = 'due' and m.due_at <= now() and not exists (
          select from coordinator_mails e
          where e.coop_id = m.coop_id and e.account_id = m.account_id and e.status = 'due' and e.position < m.position)
        order by m.due_at limit $1 for update of m skip locked
      )
      update coordinator_mails m set ${takeLease}
      from head, notifications n, coordinators c
      where m.coop_id = head.coop_id and m.coordinator_mail_id = head.coordinator_mail_id
        and n.coop_id = m.coop_id and n.id = m.notification_id and c.coop_id = m.coop_id and c.account_id = m.account_id
      returning m.coop_id as "coopId", m.coordinator_mail_id as id, c.name, c.email, n.kind, n.subject, n.body, m.attempts,
        n.created_at as "createdAt", m.traceparent`,
    values: [limit, leaseMs],
  });
  return rows;
}

/** Suppresses mails of all co-ops that have waited for more than `days` for the address of their coordinator. @returns how many. */
export async function suppressWithoutAddress(db: Queryable, { days }: { days: number }): Promise<number> {
  const { rowCount } = await db.query({
    name: 'suppress_without_address',
    text: `update /* every co-op */ coordinator_mails m set status = 'suppressed'
      where m.status = 'due' and m.due_at < now() - make_interval(days => $1)
        and not exists (select from coordinators c where c.coop_id = m.coop_id and c.account_id = m.account_id)`,
    values: [days],
  });
  return rowCount;
}
