import type { Principal } from '@homeroom/sessions';
import type { Queryable } from '@homeroom/postgres';

export interface Account {
  readonly principal: Principal;
  readonly passwordHash: string | null;
}

interface AccountRow {
  readonly id: string;
  readonly password_hash: string | null;
  readonly family_id: string | null;
}

export async function findAccount(db: Queryable, email: string): Promise<Account | undefined> {
  const { rows } = await db.query<AccountRow>({
    name: 'find_account',
    text: 'select id, password_hash, family_id from accounts where email = $1',
    values: [email],
  });
  return rows[0] && toAccount(rows[0]);
}

const toAccount = ({ id, password_hash, family_id }: AccountRow): Account => ({
  principal:
    family_id === null
      ? { accountId: id, role: 'coordinator' }
      : { accountId: id, role: 'guardian', familyId: family_id },
  passwordHash: password_hash,
});

export async function setPassword(db: Queryable, accountId: string, passwordHash: string): Promise<void> {
  await db.query({
    name: 'set_password',
    text: 'update accounts set password_hash = $2 where id = $1',
    values: [accountId, passwordHash],
  });
}

/**
 * Adds a coordinator, or gives the one with this email a new name and password.
 * @returns whether there was none before; undefined when a guardian has the email.
 */
export async function saveCoordinator(
  db: Queryable,
  coordinator: { id: string; email: string; name: string; passwordHash: string },
): Promise<'added' | 'changed' | undefined> {
  const { id, email, name, passwordHash } = coordinator;
  const { rows } = await db.query<{ id: string }>({
    name: 'save_coordinator',
    text: `insert into accounts as a (id, email, name, password_hash, role) values ($1, $2, $3, $4, 'coordinator')
           on conflict (email) do update set name = excluded.name, password_hash = excluded.password_hash
           where a.role = 'coordinator'
           returning id`,
    values: [id, email, name, passwordHash],
  });
  if (rows[0] === undefined) return undefined;
  return rows[0].id === id ? 'added' : 'changed';
}
