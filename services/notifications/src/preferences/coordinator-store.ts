import type { CoopQueryable } from '@homeroom/postgres';
import type { CoordinatorKind } from '../notifications/kinds.ts';

export interface CoordinatorPreferences {
  readonly emailEnabled: boolean;
  readonly mailedKinds: readonly CoordinatorKind[];
}

const columns = `email_enabled as "emailEnabled", mailed_kinds as "mailedKinds"`;

/** Until a coordinator has switched something on, nothing goes out by mail. */
export async function findCoordinatorPreferences(
  db: CoopQueryable,
  accountId: string,
): Promise<CoordinatorPreferences> {
  const { rows } = await db.query<CoordinatorPreferences>({
    name: 'find_coordinator_preferences',
    text: `select ${columns} from coordinator_preferences where coop_id = $1 and account_id = $2`,
    values: [db.coopId, accountId],
  });
  return rows[0] ?? { emailEnabled: true, mailedKinds: [] };
}

/** Changes what is given, in one statement; kinds in neither list stay as they are. */
export async function changeCoordinatorPreferences(
  db: CoopQueryable,
  accountId: string,
  change: {
    readonly emailEnabled: boolean | undefined;
    readonly on: readonly CoordinatorKind[];
    readonly off: readonly CoordinatorKind[];
  },
): Promise<CoordinatorPreferences> {
  const { rows } = await db.query<CoordinatorPreferences>({
    name: 'change_coordinator_preferences',
    text: `insert into coordinator_preferences as p (coop_id, account_id, email_enabled, mailed_kinds)
      values ($1, $2, coalesce($3::boolean, true), $4::text[])
      on conflict (coop_id, account_id) do update set
        email_enabled = coalesce($3::boolean, p.email_enabled),
        mailed_kinds = array(
          select kind from unnest(p.mailed_kinds || $4::text[]) kind
          where kind <> all ($5::text[]) group by kind order by kind)
      returning ${columns}`,
    values: [db.coopId, accountId, change.emailEnabled, change.on, change.off],
  });
  const [row] = rows;
  if (row === undefined) throw new Error('an upsert returned no row');
  return row;
}
