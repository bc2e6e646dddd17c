import type { CoopQueryable } from '@homeroom/postgres';
import { randomBytes } from 'node:crypto';
import type { MailKind } from '../notifications/kinds.ts';

export interface Preferences {
  readonly emailEnabled: boolean;
  readonly mutedKinds: readonly MailKind[];
  /** Opens the family's calendar without a session: 256 random bits. */
  readonly calendarToken: string;
}

/** Whose preferences: mail is a guardian's own, the calendar's address is the family's. */
export interface PreferencesOwner {
  readonly accountId: string;
  readonly familyId: string;
}

const newToken = (): string => randomBytes(32).toString('base64url');

/** Until a guardian has changed something, the switches of the family's row count, which older versions wrote. */
export async function findPreferences(
  db: CoopQueryable,
  { accountId, familyId }: PreferencesOwner,
): Promise<Preferences | undefined> {
  const { rows } = await db.query<Preferences>({
    name: 'find_preferences',
    text: `select coalesce(a.email_enabled, p.email_enabled) as "emailEnabled",
        coalesce(a.muted_kinds, p.muted_kinds) as "mutedKinds", p.calendar_token as "calendarToken"
      from preferences p left join account_preferences a on a.coop_id = p.coop_id and a.account_id = $3
      where p.coop_id = $1 and p.family_id = $2`,
    values: [db.coopId, familyId, accountId],
  });
  return rows[0];
}

export interface PreferencesChange {
  readonly emailEnabled?: boolean | undefined;
  /** Kinds to mute and kinds to receive again; the others stay as they are. */
  readonly mute: readonly MailKind[];
  readonly unmute: readonly MailKind[];
  readonly rotateCalendar: boolean;
}

/** SQL: muted kinds with $6 added and $7 removed. */
const changed = (kinds: string): string =>
  `array(select kind from unnest(${kinds} || $6::text[]) kind where kind <> all ($7::text[]) group by kind order by kind)`;

/**
 * Changes what is given in one statement, and creates the rows at the first time: two guardians may do so at once. A
 * guardian's own row begins as a copy of the family's switches, at the guardian's first change of them.
 */
export async function changePreferences(
  db: CoopQueryable,
  { accountId, familyId }: PreferencesOwner,
  { emailEnabled, mute, unmute, rotateCalendar }: PreferencesChange,
): Promise<Preferences> {
  const changesMail = emailEnabled !== undefined || mute.length > 0 || unmute.length > 0;
  const { rows } = await db.query<Preferences>({
    name: 'change_preferences',
    text: `with family as (
        insert into preferences as p (coop_id, family_id, calendar_token) values ($1, $2, $9)
        on conflict (coop_id, family_id) do update
          set calendar_token = case when $8::boolean then $9 else p.calendar_token end
        returning email_enabled, muted_kinds, calendar_token),
      own as (
        insert into account_preferences as a (coop_id, account_id, email_enabled, muted_kinds)
        select $1::uuid, $3::uuid, coalesce($5::boolean, email_enabled), ${changed('muted_kinds')}
        from family where $4::boolean
        on conflict (coop_id, account_id) do update
          set email_enabled = coalesce($5::boolean, a.email_enabled), muted_kinds = ${changed('a.muted_kinds')}
        returning email_enabled, muted_kinds)
      select coalesce(own.email_enabled, before.email_enabled, family.email_enabled) as "emailEnabled",
        coalesce(own.muted_kinds, before.muted_kinds, family.muted_kinds) as "mutedKinds",
        family.calendar_token as "calendarToken"
      from family left join own on true
        left join account_preferences before on before.coop_id = $1 and before.account_id = $3`,
    values: [db.coopId, familyId, accountId, changesMail, emailEnabled, mute, unmute, rotateCalendar, newToken()],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an upsert returned no row');
  return row;
}
