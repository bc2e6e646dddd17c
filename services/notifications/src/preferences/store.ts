import type { Queryable } from '@homeroom/postgres';
import { randomBytes } from 'node:crypto';
import type { MailKind } from '../notifications/kinds.ts';

export interface Preferences {
  readonly emailEnabled: boolean;
  readonly mutedKinds: readonly MailKind[];
  /** Whoever has it reads the family's calendar: 256 random bits. */
  readonly calendarToken: string;
}

const columns = `email_enabled as "emailEnabled", muted_kinds as "mutedKinds", calendar_token as "calendarToken"`;

const newToken = (): string => randomBytes(32).toString('base64url');

export async function findPreferences(db: Queryable, familyId: string): Promise<Preferences | undefined> {
  const { rows } = await db.query<Preferences>({
    name: 'find_preferences',
    text: `select ${columns} from preferences where family_id = $1`,
    values: [familyId],
  });
  return rows[0];
}

export interface PreferencesChange {
  readonly emailEnabled?: boolean | undefined;
  /** Kinds to mute and kinds to hear again; the others stay as they are. */
  readonly mute: readonly MailKind[];
  readonly unmute: readonly MailKind[];
  readonly rotateCalendar: boolean;
}

/** Changes what is given in one statement, and creates the row at the first time: two guardians may do so at once. */
export async function changePreferences(
  db: Queryable,
  familyId: string,
  { emailEnabled, mute, unmute, rotateCalendar }: PreferencesChange,
): Promise<Preferences> {
  const { rows } = await db.query<Preferences>({
    name: 'change_preferences',
    text: `insert into preferences as p (family_id, email_enabled, muted_kinds, calendar_token)
      values ($1, coalesce($2::boolean, true), $3::text[], $6)
      on conflict (family_id) do update set
        email_enabled = coalesce($2::boolean, p.email_enabled),
        muted_kinds = array(
          select kind from unnest(p.muted_kinds || $3::text[]) kind where kind <> all ($4::text[]) group by kind order by kind),
        calendar_token = case when $5::boolean then $6 else p.calendar_token end
      returning ${columns}`,
    values: [familyId, emailEnabled, mute, unmute, rotateCalendar, newToken()],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an upsert returned no row');
  return row;
}
