import type { Queryable } from '@homeroom/postgres';
import type { CoordinatorKind } from '../notifications/kinds.ts';

export interface CoordinatorPreferences {
  readonly emailEnabled: boolean;
  readonly mailedKinds: readonly CoordinatorKind[];
}

const columns = `email_enabled as "emailEnabled", mailed_kinds as "mailedKinds"`;

/** Until a coordinator has switched something on, nothing goes out by mail. */
export async function findCoordinatorPreferences(db: Queryable, accountId: string): Promise<CoordinatorPreferences> {
  const { rows } = await db.query<CoordinatorPreferences>({
    name: 'find_coordinator_preferences',
    text: `select ${columns} from coordinator_preferences where account_id = $1`,
    values: [accountId],
  });
  return rows[0] ?? { emailEnabled: true, mailedKinds: [] };
}

/** Changes what is given, in one statement; kinds in neither list stay as they are. */
export async function changeCoordinatorPreferences(
  db: Queryable,
  accountId: string,
  change: {
    readonly emailEnabled: boolean | undefined;
    readonly on: readonly CoordinatorKind[];
    readonly off: readonly CoordinatorKind[];
  },
): Promise<CoordinatorPreferences> {
  const { rows } = await db.query<CoordinatorPreferences>({
    name: 'change_coordinator_preferences',
    text: `insert into coordinator_preferences as p (account_id, email_enabled, mailed_kinds)
      values ($1, coalesce($2::boolean, true), $3::text[])
      on conflict (account_id) do update set
        email_enabled = coalesce($2::boolean, p.email_enabled),
        mailed_kinds = array(
          select kind from unnest(p.mailed_kinds || $3::text[]) kind
          where kind <> all ($4::text[]) group by kind order by kind)
      returning ${columns}`,
    values: [accountId, change.emailEnabled, change.on, change.off],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an upsert returned no row');
  return row;
}
