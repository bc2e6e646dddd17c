import type { Queryable, Transaction } from '@homeroom/postgres';

/** Queues the mail of a notification for every coordinator who has switched its kind on. */
export async function addCoordinatorMails(
  trx: Transaction,
  notification: {
    readonly id: string;
    readonly position: number;
    readonly kind: string;
    readonly createdAt: Date;
    readonly traceparent: string | undefined;
  },
): Promise<void> {
  const { id, position, kind, createdAt, traceparent } = notification;
  await trx.query({
    name: 'add_coordinator_mails',
    text: `insert into coordinator_mails (notification_id, account_id, position, due_at, traceparent)
      select $1::uuid, account_id, $2::bigint, $3::timestamptz, $4::text
      from coordinator_preferences where email_enabled and $5::text = any (mailed_kinds)`,
    values: [id, position, createdAt, traceparent, kind],
  });
}

/** A mail that is due, with the name and the address that its coordinator has now. */
export interface DueCoordinatorMail {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
  /** Counts from 1; also says who holds the mail: a later attempt has taken it over. */
  readonly attempts: number;
  readonly createdAt: Date;
  readonly traceparent: string | null;
}

/** Takes up to `limit` mails whose time has come, for `leaseMs`, the first one of a coordinator only. */
export async function claimCoordinatorMails(
  db: Queryable,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<DueCoordinatorMail[]> {
  const { rows } = await db.query<DueCoordinatorMail>({
    name: 'claim_coordinator_mails',
    text: `with head as (
        select m.coordinator_mail_id from coordinator_mails m join coordinators c on c.account_id = m.account_id
        where m.status = 'due' and m.due_at <= now() and not exists (
          select from coordinator_mails e
          where e.account_id = m.account_id and e.status = 'due' and e.position < m.position)
        order by m.due_at limit $1 for update of m skip locked)
      update coordinator_mails m set attempts = m.attempts + 1,
        due_at = now() + $2::double precision * interval '1 millisecond'
      from head, notifications n, coordinators c
      where m.coordinator_mail_id = head.coordinator_mail_id and n.id = m.notification_id and c.account_id = m.account_id
      returning m.coordinator_mail_id as id, c.name, c.email, n.kind, n.subject, n.body, m.attempts,
        n.created_at as "createdAt", m.traceparent`,
    values: [limit, leaseMs],
  });
  return rows;
}

/** @returns false when the lease had run out and another attempt has taken over: the mail may then arrive twice. */
export async function markCoordinatorMailSent(db: Queryable, { id, attempts }: DueCoordinatorMail): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'mark_coordinator_mail_sent',
    text: `update coordinator_mails set status = 'sent', sent_at = now(), last_error = null
      where coordinator_mail_id = $1 and status = 'due' and attempts = $2`,
    values: [id, attempts],
  });
  return rowCount === 1;
}

/** @param retryAfterMs undefined: there will be no further attempt. */
export async function markCoordinatorMailFailed(
  db: Queryable,
  { id, attempts }: DueCoordinatorMail,
  { reason, retryAfterMs }: { reason: string; retryAfterMs: number | undefined },
): Promise<void> {
  await db.query({
    name: 'mark_coordinator_mail_failed',
    text: `update coordinator_mails set last_error = $3,
        status = case when $4::double precision is null then 'failed' else status end,
        due_at = now() + coalesce($4, 0) * interval '1 millisecond'
      where coordinator_mail_id = $1 and status = 'due' and attempts = $2`,
    values: [id, attempts, reason, retryAfterMs],
  });
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
