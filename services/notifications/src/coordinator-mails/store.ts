import type { Queryable, Transaction } from '@homeroom/postgres';
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
  trx: Transaction,
  { id, position, kind, createdAt, traceparent }: MailedNotification,
): Promise<void> {
  await trx.query({
    name: 'add_coordinator_mails',
    text: `insert into coordinator_mails (notification_id, account_id, position, due_at, traceparent)
      select $1::uuid, account_id, $2::bigint, $3::timestamptz, $4::text
      from coordinator_preferences where email_enabled and $5::text = any (mailed_kinds)`,
    values: [id, position, createdAt, traceparent, kind],
  });
}

/** With the name and the address that the coordinator has now. */
export interface DueCoordinatorMail extends DueMail {
  readonly name: string;
  readonly email: string;
  readonly subject: string;
  readonly body: string;
}

/** Takes due mails, of each coordinator only the first. */
export async function claimCoordinatorMails(db: Queryable, { limit, leaseMs }: Lease): Promise<DueCoordinatorMail[]> {
  const { rows } = await db.query<DueCoordinatorMail>({
    name: 'claim_coordinator_mails',
    text: `with head as (
        select m.coordinator_mail_id from coordinator_mails m join coordinators c on c.account_id = m.account_id
        where m.status = 'due' and m.due_at <= now() and not exists (
          select from coordinator_mails e
          where e.account_id = m.account_id and e.status = 'due' and e.position < m.position)
        order by m.due_at limit $1 for update of m skip locked
      )
      update coordinator_mails m set ${takeLease}
      from head, notifications n, coordinators c
      where m.coordinator_mail_id = head.coordinator_mail_id and n.id = m.notification_id and c.account_id = m.account_id
      returning m.coordinator_mail_id as id, c.name, c.email, n.kind, n.subject, n.body, m.attempts,
        n.created_at as "createdAt", m.traceparent`,
    values: [limit, leaseMs],
  });
  return rows;
}

/** Suppresses mails that have waited for more than `days` for the address of their coordinator. @returns how many. */
export async function suppressWithoutAddress(db: Queryable, { days }: { days: number }): Promise<number> {
  const { rowCount } = await db.query({
    name: 'suppress_without_address',
    text: `update coordinator_mails m set status = 'suppressed'
      where m.status = 'due' and m.due_at < now() - make_interval(days => $1)
        and not exists (select from coordinators c where c.account_id = m.account_id)`,
    values: [days],
  });
  return rowCount;
}
