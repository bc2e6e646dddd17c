import { lockCoops, saveCoop, type Coop } from '@homeroom/coops';
import type { CoopDatabase } from '@homeroom/postgres';
import { withClient } from '@homeroom/testing';
import type { InjectOptions } from 'fastify';
import { v7 as uuidv7 } from 'uuid';
import { copyFamily } from '../src/families/copy-family.ts';
import { aFamily, firstCoop, startHarness, type Child, type Harness } from './harness.ts';

type Headers = Record<string, string>;
type Injected = Awaited<ReturnType<Harness['app']['inject']>>;

/** A co-op as its people and the workers see it. */
export interface Side {
  readonly coop: Coop;
  readonly db: CoopDatabase;
  /** Sends a request to the co-op's host. */
  send(
    method: NonNullable<InjectOptions['method']>,
    url: string,
    headers: Headers,
    payload?: object,
  ): Promise<Injected>;
  /** @param accountId of an account of its own if not given. */
  coordinator(accountId?: string): Promise<Headers>;
  guardian(familyId: string): Promise<Headers>;
  child(name: string): Promise<Child>;
}

export interface TwoCoops {
  readonly harness: Harness;
  readonly a: Side;
  readonly b: Side;
}

const secondCoop: Coop = {
  ...firstCoop,
  coopId: '0199f2a0-0000-7000-8000-0000000000b0',
  slug: 'oak-hill',
  name: 'Oak Hill Co-op',
  hosts: ['oak-hill.homeroom.example'],
};

/** Starts the service with a second co-op. */
export async function startTwoCoops(): Promise<TwoCoops> {
  const harness = await startHarness({ coops: [firstCoop, secondCoop] });
  await harness.database.transaction(async (trx) => {
    await lockCoops(trx);
    await saveCoop(trx, secondCoop);
  });
  return { harness, a: sideOf(harness, firstCoop), b: sideOf(harness, secondCoop) };
}

function sideOf({ app, database, signedIn }: Harness, coop: Coop): Side {
  const { coopId, hosts } = coop;
  const db = database.ofCoop(coopId);
  return {
    coop,
    db,
    send: (method, url, headers, payload) =>
      app.inject({
        method,
        url,
        headers: { host: hosts[0] ?? '', ...headers },
        ...(payload === undefined ? {} : { payload }),
      }),
    coordinator: (accountId = uuidv7()) => signedIn({ accountId, role: 'coordinator', coopId }),
    guardian: (familyId) => signedIn({ accountId: uuidv7(), role: 'guardian', coopId, familyId }),
    async child(name) {
      const family = aFamily({ children: [{ childId: uuidv7(), name, birthDate: '2018-06-01' }] });
      await copyFamily({ db }, { eventId: uuidv7(), family });
      return { id: family.children[0]?.childId ?? '', name, familyId: family.familyId };
    },
  };
}

/** Every table whose rows belong to a co-op. */
export async function tenantTables({ rows }: Pick<Harness, 'rows'>): Promise<string[]> {
  const found = await rows<{ name: string }>(
    `select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'coop_id' and table_name <> 'coops' order by 1`,
  );
  return found.map(({ name }) => name);
}

/** All rows of a co-op, as one text for each table. */
export async function contentOf({ harness }: TwoCoops, { coop }: Side): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  for (const table of await tenantTables(harness)) {
    const [row] = await harness.rows<{ text: string }>(
      `select coalesce(string_agg(t::text, E'\n' order by t::text), '') as text from ${table} t where coop_id = $1`,
      coop.coopId,
    );
    content[table] = row?.text ?? '';
  }
  return content;
}

/**
 * Gives the second co-op a copy of every row of the first one, with the same ids: a statement that forgets its co-op finds or
 * changes two rows instead of one.
 */
export async function copyRows({ harness, a, b }: TwoCoops): Promise<void> {
  const tables = await tenantTables(harness);
  await withClient(harness.testDatabase.url, async (client) => {
    // no trigger: the rows that they would write are copied too
    await client.query('set session_replication_role = replica');
    for (const table of tables) {
      const { rows } = await client.query<{ names: string }>(
        `select string_agg(column_name, ', ') as names from information_schema.columns
         where table_schema = 'public' and table_name = $1 and column_name <> 'coop_id' and is_generated = 'NEVER'`,
        [table],
      );
      const names = rows[0]?.names ?? '';
      await client.query(
        `insert into ${table} (coop_id, ${names}) overriding system value select $1, ${names} from ${table} where coop_id = $2`,
        [b.coop.coopId, a.coop.coopId],
      );
    }
  });
}
