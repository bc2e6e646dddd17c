import type { CoopDatabase, Queryable, Statement } from '@homeroom/postgres';

/*
 * The statements of version 0.2, which knows no co-ops. They are what old processes run beside new ones during an upgrade and
 * after a rollback, so they never change.
 */

const isVerified = (contact: string): string => `${contact}.unverified_version is distinct from ${contact}.version`;

const takeLease = `attempts = m.attempts + 1, due_at = now() + $2::double precision * interval '1 millisecond'`;

const OUTBOX_COLUMNS = 'id, topic, key, headers, payload';

const columns = `id, position, kind, subject, body, data, created_at as "createdAt", read_at as "readAt"`;

const coordinatorColumns = `email_enabled as "emailEnabled", mailed_kinds as "mailedKinds"`;

const summary = `id, topic, "partition", "offset"::text as "offset", reason, consumer_group as "consumerGroup",
  event_type as "eventType", event_id as "eventId", obstacle, failed_at as "failedAt", replayed_at as "replayedAt",
  replayed_by as "replayedBy"`;

const changed = (kinds: string): string =>
  `array(select kind from unnest(${kinds} || $5::text[]) kind where kind <> all ($6::text[]) group by kind order by kind)`;

const texts: Readonly<Record<string, string>> = {
  add_account_mail: `insert into account_mails (
        account_mail_id, event_id, account_id, email, kind, details, created_at, due_at, expires_at, traceparent)
      values ($1, $2, $3, $4, $5, $6, now(), now(), $7, $8)`,
  claim_account_mails: `with expired as (
        update account_mails set status = 'expired' where status = 'due' and due_at <= now() and expires_at <= now()
      ), head as (
        select m.account_mail_id from account_mails m
        where m.status = 'due' and m.due_at <= now() and (m.expires_at > now() or m.expires_at is null) and not exists (
          select from account_mails e
          where e.account_id = m.account_id and e.status = 'due' and e.sequence < m.sequence
            and (e.expires_at > now() or e.expires_at is null))
        order by m.due_at limit $1 for update of m skip locked
      )
      update account_mails m set ${takeLease}
      from head where m.account_mail_id = head.account_mail_id
      returning m.account_mail_id as id, m.email, m.kind, m.details, m.attempts, m.created_at as "createdAt", m.traceparent`,
  delete_old_account_mails: `delete from account_mails where account_mail_id in (
        select account_mail_id from account_mails
        where created_at < now() - make_interval(days => $1) and status <> 'due' order by created_at limit $2)`,
  upsert_class: `insert into classes (class_id, version, snapshot) select $1::uuid, $2::int, $3::jsonb
      where not exists (select from classes where class_id = $1 and version >= $2)
      on conflict (class_id) do update set version = $2, snapshot = $3 where classes.version < $2`,
  upsert_entry: `with upserted as (
        insert into calendar_entries as e (uid, family_id, version, status, class_id, child_name, orientation, updated_at)
        values ($1, $2, $3, $4, $5, $6, $7, now())
        on conflict (uid) do update set version = $3, status = $4, class_id = $5, child_name = $6, updated_at = now()
        where e.version < $3
      )
      select version, status from calendar_entries where uid = $1`,
  find_standing: `select version, status from calendar_entries where uid = $1`,
  shown_entries: `select e.uid, e.version, e.status, e.child_name as "childName", e.orientation, c.snapshot, e.updated_at as "updatedAt"
      from calendar_entries e left join classes c using (class_id)
      where e.family_id = $1 and e.status <> 'cancelled' order by e.uid`,
  find_calendar: `select p.family_id as "familyId", coalesce(c.family_name, '') as "familyName"
      from preferences p left join contacts c using (family_id) where p.calendar_token = $1`,
  upsert_contact: `insert into contacts (family_id, version, family_name, guardian_name, email, guardian_id, unverified_version)
      values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (family_id) do update set version = $2, family_name = $3, guardian_name = $4, email = $5,
        guardian_id = $6, unverified_version = $7
      where contacts.version < $2`,
  release_waiting: `update deliveries d set status = 'due', due_at = now() from contacts c
      where d.family_id = $1 and d.status = 'waiting' and c.family_id = $1 and ${isVerified('c')}`,
  upsert_coordinator: `insert into coordinators as c (account_id, name, email, saved_at) values ($1, $2, $3, $4)
      on conflict (account_id) do update set name = $2, email = $3, saved_at = $4 where c.saved_at < $4`,
  add_coordinator_mails: `insert into coordinator_mails (notification_id, account_id, position, due_at, traceparent)
      select $1::uuid, account_id, $2::bigint, $3::timestamptz, $4::text
      from coordinator_preferences where email_enabled and $5::text = any (mailed_kinds)`,
  claim_coordinator_mails: `with head as (
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
  suppress_without_address: `update coordinator_mails m set status = 'suppressed'
      where m.status = 'due' and m.due_at < now() - make_interval(days => $1)
        and not exists (select from coordinators c where c.account_id = m.account_id)`,
  add_dead_letter: `insert into dead_letters (
        id, topic, "partition", "offset", key, value, headers, reason,
        consumer_group, event_type, event_id, obstacle, failed_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
      on conflict (topic, "partition", "offset") do nothing`,
  find_dead_letter: `select ${summary}, key, value, headers from dead_letters where id = $1`,
  replay_dead_letter: `with replayed as (
        update dead_letters set replayed_at = now(), replayed_by = $2
        where id = $1 and replayed_at is null and obstacle is null returning topic, value
      )
      insert into outbox (${OUTBOX_COLUMNS}) select $3::uuid, topic, $4, $5::jsonb, value from replayed`,
  count_open_dead_letters: 'select topic, count(*) as count from dead_letters where replayed_at is null group by topic',
  mark_deliveries_sent: `update deliveries set status = 'sent', sent_at = now(), last_error = null
          where notification_id = $1 and status = 'due' and attempts = $2`,
  mark_account_mails_sent: `update account_mails set status = 'sent', sent_at = now(), last_error = null
          where account_mail_id = $1 and status = 'due' and attempts = $2`,
  mark_coordinator_mails_sent: `update coordinator_mails set status = 'sent', sent_at = now(), last_error = null
          where coordinator_mail_id = $1 and status = 'due' and attempts = $2`,
  mark_deliveries_failed: `update deliveries set
            last_error = $3,
            status = case when $4::double precision is null then 'failed' else status end,
            due_at = now() + coalesce($4, 0) * interval '1 millisecond'
          where notification_id = $1 and status = 'due' and attempts = $2`,
  mark_account_mails_failed: `update account_mails set
            last_error = $3,
            status = case when $4::double precision is null then 'failed' else status end,
            due_at = now() + coalesce($4, 0) * interval '1 millisecond'
          where account_mail_id = $1 and status = 'due' and attempts = $2`,
  mark_coordinator_mails_failed: `update coordinator_mails set
            last_error = $3,
            status = case when $4::double precision is null then 'failed' else status end,
            due_at = now() + coalesce($4, 0) * interval '1 millisecond'
          where coordinator_mail_id = $1 and status = 'due' and attempts = $2`,
  claim_family_mails: `with head as (
        select m.notification_id from deliveries m join contacts c on c.family_id = m.family_id
        where m.status = 'due' and m.due_at <= now() and ${isVerified('c')} and not exists (
          select from deliveries e
          where e.family_id = m.family_id and e.status in ('waiting', 'due') and e.position < m.position)
        order by m.due_at limit $1 for update of m skip locked
      )
      update deliveries m set ${takeLease}
      from head, notifications n, contacts c
      where m.notification_id = head.notification_id and n.id = m.notification_id and c.family_id = m.family_id
      returning m.notification_id as id, m.family_id as "familyId", m.attempts, m.traceparent,
        case when m.calendar and (m.invitation ->> 'method' <> 'CANCEL' or exists (
            select from deliveries s
            where s.family_id = m.family_id and s.status = 'sent' and s.calendar
              and s.invitation -> 'entry' ->> 'uid' = m.invitation -> 'entry' ->> 'uid'
              and s.invitation ->> 'method' <> 'CANCEL' and coalesce(s.sent_to, c.email) = c.email))
          then m.invitation end as invitation,
        n.kind, n.subject, n.body, n.created_at as "createdAt",
        c.family_name as "familyName", c.guardian_name as "guardianName", c.email`,
  mark_family_mail_sent: `with sent as (
        update deliveries set status = 'sent', sent_at = now(), sent_to = $8, last_error = null
        where notification_id = $1 and status = 'due' and attempts = $2 returning 1
      )
      insert into outbox (${OUTBOX_COLUMNS}) select $3::uuid, $4, $5, $6::jsonb, $7::bytea from sent`,
  suppress_held: `update deliveries d set status = 'suppressed' from contacts c
      where d.status in ('waiting', 'due') and d.due_at < now() - make_interval(days => $1)
        and c.family_id = d.family_id and not (${isVerified('c')})`,
  count_open_deliveries: `select 'family' as queue, case when ${isVerified('c')} or c.family_id is null then d.status else 'held' end as status,
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
  lock_audience: `insert into audiences (audience) values ($1) on conflict (audience) do update set position = audiences.position`,
  next_position: `insert into audiences (audience, position, unread) values ($1, 1, 1)
      on conflict (audience) do update set position = audiences.position + 1, unread = audiences.unread + 1
      returning position`,
  add_notification: `insert into notifications (id, audience, position, event_id, kind, subject, body, data, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
  add_delivery: `insert into deliveries (notification_id, family_id, position, status, invitation, calendar, due_at, traceparent)
      select $1::uuid, $2::uuid, $3::bigint, case
          when not coalesce(a.email_enabled, f.email_enabled, true)
            or $4::text = any (coalesce(a.muted_kinds, f.muted_kinds, '{}')) then 'suppressed'
          when c.family_id is not null and ${isVerified('c')} then 'due'
          else 'waiting' end,
        $5::jsonb, $6::boolean, $7::timestamptz, $8::text
      from (select 1) one
        left join contacts c on c.family_id = $2
        left join account_preferences a on a.account_id = c.guardian_id
        left join preferences f on f.family_id = $2`,
  list_unread: `select coalesce((select unread from audiences where audience = $1), 0) as "unreadCount", item.*
      from (select 1) one left join lateral (
        select ${columns} from notifications
        where audience = $1 and position < $2 and read_at is null order by position desc limit $3) item on true`,
  list_notifications: `select coalesce((select unread from audiences where audience = $1), 0) as "unreadCount", item.*
      from (select 1) one left join lateral (
        select ${columns} from notifications
        where audience = $1 and position < $2 order by position desc limit $3) item on true`,
  notifications_after: `select ${columns} from notifications where audience = $1 and position > $2 order by position limit $3`,
  mark_read: `with marked as (
        update notifications set read_at = now() where id = $1 and audience = $2 and read_at is null returning audience),
      counted as (update audiences a set unread = a.unread - 1 from marked where a.audience = marked.audience)
      select exists (select from notifications where id = $1 and audience = $2) as found`,
  mark_read_up_to: `with last as (select position from notifications where id = $1 and audience = $2),
      marked as (
        update notifications n set read_at = now() from last
        where n.audience = $2 and n.position <= last.position and n.read_at is null
        returning 1)
      update audiences a set unread = a.unread - (select count(*) from marked) from last
      where a.audience = $2
      returning a.unread as "unreadCount"`,
  find_coordinator_preferences: `select ${coordinatorColumns} from coordinator_preferences where account_id = $1`,
  change_coordinator_preferences: `insert into coordinator_preferences as p (account_id, email_enabled, mailed_kinds)
      values ($1, coalesce($2::boolean, true), $3::text[])
      on conflict (account_id) do update set
        email_enabled = coalesce($2::boolean, p.email_enabled),
        mailed_kinds = array(
          select kind from unnest(p.mailed_kinds || $3::text[]) kind
          where kind <> all ($4::text[]) group by kind order by kind)
      returning ${coordinatorColumns}`,
  find_preferences: `select coalesce(a.email_enabled, p.email_enabled) as "emailEnabled",
        coalesce(a.muted_kinds, p.muted_kinds) as "mutedKinds", p.calendar_token as "calendarToken"
      from preferences p left join account_preferences a on a.account_id = $2
      where p.family_id = $1`,
  change_preferences: `with family as (
        insert into preferences as p (family_id, calendar_token) values ($1, $8)
        on conflict (family_id) do update
          set calendar_token = case when $7::boolean then $8 else p.calendar_token end
        returning email_enabled, muted_kinds, calendar_token),
      own as (
        insert into account_preferences as a (account_id, email_enabled, muted_kinds)
        select $2::uuid, coalesce($4::boolean, email_enabled), ${changed('muted_kinds')} from family where $3::boolean
        on conflict (account_id) do update
          set email_enabled = coalesce($4::boolean, a.email_enabled), muted_kinds = ${changed('a.muted_kinds')}
        returning email_enabled, muted_kinds)
      select coalesce(own.email_enabled, before.email_enabled, family.email_enabled) as "emailEnabled",
        coalesce(own.muted_kinds, before.muted_kinds, family.muted_kinds) as "mutedKinds",
        family.calendar_token as "calendarToken"
      from family left join own on true left join account_preferences before on before.account_id = $2`,
  inbox_state: `select coalesce(a.position, 0) as position, coalesce(a.unread, 0) as "unreadCount", n.id as "lastId",
        (select position from notifications where id = $2 and audience = $1) as seen
      from (select 1) one left join audiences a on a.audience = $1
        left join notifications n on n.audience = $1 and n.position = a.position`,
  inbox_receive: 'insert into inbox (consumer, event_id) values ($1, $2) on conflict do nothing',
};

/** The statement of that version: the same values, but for the co-op's id. */
function translated({ name, text, values = [] }: Statement, coopId: string): Statement {
  const old = texts[name];
  if (old === undefined) {
    if (text.includes('coop_id')) throw new Error(`The statement ${name} of version 0.2 is missing here.`);
    return { name, text, values };
  }
  return { name: `${name}_0_2`, text: old, values: values.filter((value) => value !== coopId) };
}

const asOld = <Db extends Queryable>(db: Db, coopId: string): Db => ({
  ...db,
  query: <Row>(statement: Statement) => db.query<Row>(translated(statement, coopId)),
});

/** A process of version 0.2, as far as its statements go: the same use-cases with the statements of that version. */
export function asRelease02(db: CoopDatabase): CoopDatabase {
  const { coopId } = db;
  return {
    ...asOld(db, coopId),
    transaction: (work, options) => db.transaction((trx) => work(asOld(trx, coopId)), options),
    read: (freshness, work) => db.read(freshness, (from) => work(asOld(from, coopId))),
  };
}
