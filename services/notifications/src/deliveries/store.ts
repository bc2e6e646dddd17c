import type { NewEvent } from '@homeroom/contracts';
import { OUTBOX_COLUMNS, outboxParameters } from '@homeroom/outbox';
import type { CoopQueryable, Queryable } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import { isVerified } from '../contacts/store.ts';
import type { DueFamilyMail } from './family-mail.ts';
import { takeLease, type Lease } from './mail-queue.ts';

/**
 * Takes due mails of all co-ops, of each family only the first, so that its mails arrive in the order of its inbox, and none
 * while the address is not verified. A cancellation is attached only if the address was sent the invitation that it cancels; for a mail
 * without a recorded address that is assumed.
 */
export async function claimFamilyMails(db: Queryable, { limit, leaseMs }: Lease): Promise<DueFamilyMail[]> {
  const { rows } = await db.query<DueFamilyMail>({
    name: 'claim_family_mails',
    text: `with /* every co-op */ head as (
        select m.coop_id, m.notification_id from deliveries m
          join contacts c on c.coop_id = m.coop_id and c.family_id = m.family_id
        where m.status = 'due' and m.due_at <= now() and ${isVerified('c')} and not exists (
          select from deliveries e
          where e.coop_id = m.coop_id and e.family_id = m.family_id and e.status in ('waiting', 'due') and e.position < m.position)
        order by m.due_at limit $1 for update of m skip locked
      )
      update deliveries m set ${takeLease}
      from head, notifications n, contacts c
      where m.coop_id = head.coop_id and m.notification_id = head.notification_id
        and n.coop_id = m.coop_id and n.id = m.notification_id and c.coop_id = m.coop_id and c.family_id = m.family_id
      returning m.coop_id as "coopId", m.notification_id as id, m.family_id as "familyId", m.attempts, m.traceparent,
        case when m.calendar and (m.invitation ->> 'method' <> 'CANCEL' or exists (
            select from deliveries s
            where s.coop_id = m.coop_id and s.family_id = m.family_id and s.status = 'sent' and s.calendar
              and s.invitation -> 'entry' ->> 'uid' = m.invitation -> 'entry' ->> 'uid'
              and s.invitation ->> 'method' <> 'CANCEL' and coalesce(s.sent_to, c.email) = c.email))
          then m.invitation end as invitation,
        n.kind, n.subject, n.body, n.created_at as "createdAt",
        c.family_name as "familyName", c.guardian_name as "guardianName", c.email`,
    values: [limit, leaseMs],
  });
  return rows;
}

/** Marks a mail as sent and puts the event of it into the outbox, in one statement. @returns as `MailQueue.markSent`. */
export async function markFamilyMailSent(db: CoopQueryable, due: DueFamilyMail): Promise<boolean> {
  const { id, attempts, email } = due;
  const { rowCount } = await db.query({
    name: 'mark_family_mail_sent',
    text: `with sent as (
        update deliveries set status = 'sent', sent_at = now(), sent_to = $9, last_error = null
        where coop_id = $1 and notification_id = $2 and status = 'due' and attempts = $3 returning 1
      )
      insert into outbox (coop_id, ${OUTBOX_COLUMNS}) select $1::uuid, $4::uuid, $5, $6, $7::jsonb, $8::bytea from sent`,
    values: [db.coopId, id, attempts, ...outboxParameters(db.coopId, sentEvent(due)), email],
  });
  return rowCount === 1;
}

const sentEvent = ({ id, familyId, kind, traceparent }: DueFamilyMail): NewEvent => ({
  id: uuid(),
  type: 'homeroom.notification.sent.v1',
  source: '/notifications',
  subject: id,
  time: new Date(),
  ...(traceparent === null ? {} : { traceparent }),
  data: { notificationId: id, familyId, kind, channel: 'email' },
});

/** Suppresses mails of all co-ops that have waited for more than `days` for their address to be verified. @returns how many. */
export async function suppressHeld(db: Queryable, { days }: { days: number }): Promise<number> {
  const { rowCount } = await db.query({
    name: 'suppress_held',
    text: `update /* every co-op */ deliveries d set status = 'suppressed' from contacts c
      where d.status in ('waiting', 'due') and d.due_at < now() - make_interval(days => $1)
        and c.coop_id = d.coop_id and c.family_id = d.family_id and not (${isVerified('c')})`,
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

/** How many mails of all co-ops are in which state that is not an end; for metrics. */
export async function countOpen(db: Queryable): Promise<OpenMails[]> {
  const { rows } = await db.query<OpenMails>({
    name: 'count_open_deliveries',
    text: `select /* every co-op */ 'family' as queue, case when ${isVerified('c')} or c.family_id is null then d.status else 'held' end as status,
        count(*) as count, extract(epoch from now() - min(n.created_at))::float8 as "oldestSeconds"
      from deliveries d join notifications n on n.coop_id = d.coop_id and n.id = d.notification_id
        left join contacts c on c.coop_id = d.coop_id and c.family_id = d.family_id
      where d.status in ('waiting', 'due') group by 2
      union all
      select 'account', status, count(*), extract(epoch from now() - min(created_at))::float8
      from account_mails where status = 'due' group by 2
      union all
      select 'coordinator', case when c.account_id is null then 'waiting' else 'due' end, count(*),
        extract(epoch from now() - min(n.created_at))::float8
      from coordinator_mails m join notifications n on n.coop_id = m.coop_id and n.id = m.notification_id
        left join coordinators c on c.coop_id = m.coop_id and c.account_id = m.account_id
      where m.status = 'due' group by 2`,
  });
  return rows;
}
