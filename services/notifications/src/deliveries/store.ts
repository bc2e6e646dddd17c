import type { DomainEvent } from '@homeroom/contracts';
import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import type { Queryable } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import { isVerified } from '../contacts/store.ts';
import type { DueMail } from './mail.ts';

/**
 * Takes up to `limit` mails whose time has come, for `leaseMs`: a worker that dies gives them back by the clock. Only the
 * first mail of a family is taken, so that its mails arrive in the order of its inbox; other workers skip what is taken. None
 * is taken while the family's address is not verified. A cancellation is given along only if the address was sent the
 * invitation that it cancels; of a mail from before addresses were noted that is assumed.
 */
export async function claimDue(
  db: Queryable,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<DueMail[]> {
  const { rows } = await db.query<DueMail>({
    name: 'claim_due',
    text: `with head as (
        select d.notification_id from deliveries d join contacts c on c.family_id = d.family_id
        where d.status = 'due' and d.due_at <= now() and ${isVerified('c')} and not exists (
          select from deliveries e
          where e.family_id = d.family_id and e.status in ('waiting', 'due') and e.position < d.position)
        order by d.due_at limit $1 for update of d skip locked)
      update deliveries d set attempts = d.attempts + 1, due_at = now() + $2::double precision * interval '1 millisecond'
      from head, notifications n, contacts c
      where d.notification_id = head.notification_id and n.id = d.notification_id and c.family_id = d.family_id
      returning d.notification_id as id, d.family_id as "familyId", d.attempts, d.traceparent,
        case when d.calendar and (d.invitation ->> 'method' <> 'CANCEL' or exists (
            select from deliveries s
            where s.family_id = d.family_id and s.status = 'sent' and s.calendar
              and s.invitation -> 'entry' ->> 'uid' = d.invitation -> 'entry' ->> 'uid'
              and s.invitation ->> 'method' <> 'CANCEL' and coalesce(s.sent_to, c.email) = c.email))
          then d.invitation end as invitation,
        n.kind, n.subject, n.body, n.created_at as "createdAt",
        c.family_name as "familyName", c.guardian_name as "guardianName", c.email`,
    values: [limit, leaseMs],
  });
  return rows;
}

/**
 * Marks a mail as sent and puts the event of it into the outbox, in one statement.
 * @returns false when the lease had run out and another attempt has taken over: the mail may then arrive twice.
 */
export async function markSent(db: Queryable, due: DueMail): Promise<boolean> {
  const { id, attempts, email } = due;
  const { rowCount } = await db.query({
    name: 'mark_sent',
    text: `with sent as (
        update deliveries set status = 'sent', sent_at = now(), sent_to = $8, last_error = null
        where notification_id = $1 and status = 'due' and attempts = $2 returning 1)
      insert into outbox (${OUTBOX_COLUMNS}) select $3::uuid, $4, $5, $6::jsonb, $7::bytea from sent`,
    values: [id, attempts, ...outboxParameters(sentEvent(due)), email],
  });
  return rowCount === 1;
}

/** @param retryAfterMs undefined: there will be no further attempt. */
export async function markFailed(
  db: Queryable,
  { id, attempts }: DueMail,
  { reason, retryAfterMs }: { reason: string; retryAfterMs: number | undefined },
): Promise<void> {
  await db.query({
    name: 'mark_failed',
    text: `update deliveries set last_error = $3, status = case when $4::double precision is null then 'failed' else status end,
        due_at = now() + coalesce($4, 0) * interval '1 millisecond'
      where notification_id = $1 and status = 'due' and attempts = $2`,
    values: [id, attempts, reason, retryAfterMs],
  });
}

const sentEvent = ({ id, familyId, kind, traceparent }: DueMail): DomainEvent => ({
  id: uuid(),
  type: 'homeroom.notification.sent.v1',
  source: '/notifications',
  subject: id,
  time: new Date(),
  ...(traceparent === null ? {} : { traceparent }),
  data: { notificationId: id, familyId, kind, channel: 'email' },
});

/** Suppresses mails that have waited for more than `days` for their address to be verified. @returns how many. */
export async function suppressHeld(db: Queryable, { days }: { days: number }): Promise<number> {
  const { rowCount } = await db.query({
    name: 'suppress_held',
    text: `update deliveries d set status = 'suppressed' from contacts c
      where d.status in ('waiting', 'due') and d.due_at < now() - make_interval(days => $1)
        and c.family_id = d.family_id and not (${isVerified('c')})`,
    values: [days],
  });
  return rowCount;
}

export interface OpenMails {
  readonly queue: 'family' | 'account' | 'coordinator';
  /** `held`: until the address is verified. `waiting`: until the family, or the coordinator, is known. `due`: to be sent. */
  readonly status: 'waiting' | 'held' | 'due';
  readonly count: number;
  readonly oldestSeconds: number;
}

/** How many mails are in which state that is not an end; for metrics. */
export async function countOpen(db: Queryable): Promise<OpenMails[]> {
  const { rows } = await db.query<OpenMails>({
    name: 'count_open_deliveries',
    text: `select 'family' as queue, case when ${isVerified('c')} or c.family_id is null then d.status else 'held' end as status,
        count(*) as count, extract(epoch from now() - min(n.created_at))::float8 as "oldestSeconds"
      from deliveries d join notifications n on n.id = d.notification_id left join contacts c on c.family_id = d.family_id
      where d.status in ('waiting', 'due') group by 2
      union all
      select 'account', status, count(*), extract(epoch from now() - min(created_at))::float8
      from account_mails where status = 'due' group by 2
      union all
      select 'coordinator', case when c.account_id is null then 'waiting' else 'due' end, count(*),
        extract(epoch from now() - min(n.created_at))::float8
      from coordinator_mails m join notifications n on n.id = m.notification_id
        left join coordinators c on c.account_id = m.account_id
      where m.status = 'due' group by 2`,
  });
  return rows;
}
