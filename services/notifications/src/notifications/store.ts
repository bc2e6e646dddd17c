import type { DomainEvent } from '@homeroom/contracts';
import type { CoopQueryable, CoopTransaction } from '@homeroom/postgres';
import { v7 as uuid } from 'uuid';
import { isVerified } from '../contacts/store.ts';
import { addCoordinatorMails, type MailedNotification } from '../coordinator-mails/store.ts';
import { coordinators, type Draft, type DraftMail } from './notification.ts';
import type { Words } from './wording.ts';

export interface Notification extends Words {
  readonly id: string;
  readonly position: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly createdAt: Date;
  readonly readAt: Date | null;
}

/** What open streams must be sent after the commit. */
export type Added = Notification & { readonly coopId: string; readonly audience: string };

const columns = `id, position, kind, subject, body, data, created_at as "createdAt", read_at as "readAt"`;

/** Locks an inbox until the transaction ends, so that a contact and the mails that wait for it cannot miss each other. */
export async function lockAudience(trx: CoopTransaction, audience: string): Promise<void> {
  await trx.query({
    name: 'lock_audience',
    text: `insert into audiences (coop_id, audience) values ($1, $2)
      on conflict (coop_id, audience) do update set position = audiences.position`,
    values: [trx.coopId, audience],
  });
}

/** Puts a notification at the end of its reader's inbox and its mails, if it has any, into their queue. */
export async function addNotification(
  trx: CoopTransaction,
  { audience, kind, subject, body, data, mail }: Draft,
  { id: eventId, traceparent }: Pick<DomainEvent, 'id' | 'traceparent'>,
): Promise<Added> {
  const place = await trx.query<{ position: number }>({
    name: 'next_position',
    text: `insert into audiences (coop_id, audience, position, unread) values ($1, $2, 1, 1)
      on conflict (coop_id, audience) do update set position = audiences.position + 1, unread = audiences.unread + 1
      returning position`,
    values: [trx.coopId, audience],
  });
  const position = place.rows[0]?.position ?? 0;
  const [id, createdAt] = [uuid(), new Date()];
  const { coopId } = trx;
  await trx.query({
    name: 'add_notification',
    text: `insert into notifications (coop_id, id, audience, position, event_id, kind, subject, body, data, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [coopId, id, audience, position, eventId, kind, subject, body, JSON.stringify(data), createdAt],
  });
  const mailed = { id, position, kind, createdAt, traceparent };
  if (mail !== undefined) await addFamilyMail(trx, mail, mailed);
  if (audience === coordinators) await addCoordinatorMails(trx, mailed);
  return { coopId, audience, id, position, kind, subject, body, data, createdAt, readAt: null };
}

/** Queues the mail of a notification, unless the guardian has muted it. Without a verified address it waits for one. */
async function addFamilyMail(
  trx: CoopTransaction,
  { familyId, invitation, calendar }: DraftMail,
  { id, position, kind, createdAt, traceparent }: MailedNotification,
): Promise<void> {
  await trx.query({
    name: 'add_delivery',
    text: `insert into deliveries
        (coop_id, notification_id, family_id, position, status, invitation, calendar, due_at, traceparent)
      select $1::uuid, $2::uuid, $3::uuid, $4::bigint, case
          when not coalesce(a.email_enabled, f.email_enabled, true)
            or $5::text = any (coalesce(a.muted_kinds, f.muted_kinds, '{}')) then 'suppressed'
          when c.family_id is not null and ${isVerified('c')} then 'due'
          else 'waiting' end,
        $6::jsonb, $7::boolean, $8::timestamptz, $9::text
      from (select 1) one
        left join contacts c on c.coop_id = $1 and c.family_id = $3
        left join account_preferences a on a.coop_id = $1 and a.account_id = c.guardian_id
        left join preferences f on f.coop_id = $1 and f.family_id = $3`,
    values: [trx.coopId, id, familyId, position, kind, JSON.stringify(invitation), calendar, createdAt, traceparent],
  });
}

/** Newest first. One round trip, the count of unread ones included. */
export async function listNotifications(
  db: CoopQueryable,
  { audience, before, unread, limit }: { audience: string; before: number | undefined; unread: boolean; limit: number },
): Promise<{ items: Notification[]; unreadCount: number }> {
  const filter = unread ? 'and read_at is null' : '';
  const { rows } = await db.query<{ unreadCount: number } & (Notification | { id: null })>({
    name: unread ? 'list_unread' : 'list_notifications',
    text: `select coalesce((select unread from audiences where coop_id = $1 and audience = $2), 0) as "unreadCount", item.*
      from (select 1) one left join lateral (
        select ${columns} from notifications
        where coop_id = $1 and audience = $2 and position < $3 ${filter} order by position desc limit $4) item on true`,
    values: [db.coopId, audience, before ?? Number.MAX_SAFE_INTEGER, limit],
  });
  const items = rows.filter((row): row is Notification & { unreadCount: number } => row.id !== null);
  return { items, unreadCount: rows[0]?.unreadCount ?? 0 };
}

/** In the order in which they came, after a position. */
export async function notificationsAfter(
  db: CoopQueryable,
  { audience, after, limit }: { audience: string; after: number; limit: number },
): Promise<Notification[]> {
  const { rows } = await db.query<Notification>({
    name: 'notifications_after',
    text: `select ${columns} from notifications
      where coop_id = $1 and audience = $2 and position > $3 order by position limit $4`,
    values: [db.coopId, audience, after, limit],
  });
  return rows;
}

/** Marks one as read, in one statement with the count. @returns whether this inbox has it at all. */
export async function markRead(db: CoopQueryable, audience: string, id: string): Promise<boolean> {
  const { rows } = await db.query<{ found: boolean }>({
    name: 'mark_read',
    text: `with marked as (
        update notifications set read_at = now()
        where coop_id = $1 and id = $2 and audience = $3 and read_at is null returning audience),
      counted as (
        update audiences a set unread = a.unread - 1 from marked where a.coop_id = $1 and a.audience = marked.audience)
      select exists (select from notifications where coop_id = $1 and id = $2 and audience = $3) as found`,
    values: [db.coopId, id, audience],
  });
  return rows[0]?.found ?? false;
}

/**
 * Marks everything up to a notification as read, in one statement with the count: what arrived after it stays unread.
 * @returns how many are unread now; undefined when this inbox does not have the notification.
 */
export async function markReadUpTo(db: CoopQueryable, audience: string, id: string): Promise<number | undefined> {
  const { rows } = await db.query<{ unreadCount: number }>({
    name: 'mark_read_up_to',
    text: `with last as (select position from notifications where coop_id = $1 and id = $2 and audience = $3),
      marked as (
        update notifications n set read_at = now() from last
        where n.coop_id = $1 and n.audience = $3 and n.position <= last.position and n.read_at is null
        returning 1)
      update audiences a set unread = a.unread - (select count(*) from marked) from last
      where a.coop_id = $1 and a.audience = $3
      returning a.unread as "unreadCount"`,
    values: [db.coopId, id, audience],
  });
  return rows[0]?.unreadCount;
}
