import type pg from 'pg';
import { serviceNames, type ServiceName } from '../options/service-names.ts';
import { withClient } from './postgres.ts';

/** How one service reaches its database. */
export interface ServiceDatabase {
  /** The owner's, for migrations. */
  migrationUrl: string;
  /** The service's role, which reads and writes rows but cannot change the schema. */
  url: string;
  replicaUrls: string[];
}

export type ServiceDatabases = Record<ServiceName, ServiceDatabase>;

/** Creates a database, an owner, and an app role per service, unless they exist. */
export async function prepareDatabases(
  adminUrl: string,
  replicaUrls: string[],
  password: string,
): Promise<ServiceDatabases> {
  await withClient(adminUrl, async (client) => {
    for (const service of serviceNames) await prepareOne(client, service, password);
  });
  await Promise.all(
    serviceNames.map((service) =>
      withClient(urlFor(adminUrl, service, `${service}_owner`, password), async (client) => {
        const inPublic = `alter default privileges for role ${service}_owner in schema public`;
        await client.query(`grant usage on schema public to ${service}_app`);
        await client.query(`${inPublic} grant select, insert, update, delete on tables to ${service}_app`);
        await client.query(`${inPublic} grant usage, select on sequences to ${service}_app`);
      }),
    ),
  );
  return Object.fromEntries(
    serviceNames.map((service) => [
      service,
      {
        migrationUrl: urlFor(adminUrl, service, `${service}_owner`, password),
        url: urlFor(adminUrl, service, `${service}_app`, password),
        replicaUrls: replicaUrls.map((url) => urlFor(url, service, `${service}_app`, password)),
      },
    ]),
  ) as ServiceDatabases;
}

async function prepareOne(client: pg.Client, service: ServiceName, password: string): Promise<void> {
  const exists = async (text: string, name: string): Promise<boolean> =>
    (await client.query(text, [name])).rows.length > 0;
  for (const role of [`${service}_owner`, `${service}_app`]) {
    const verb = (await exists('select 1 from pg_roles where rolname = $1', role)) ? 'alter' : 'create';
    await client.query(`${verb} role ${role} login password ${client.escapeLiteral(password)}`);
  }
  if (await exists('select 1 from pg_database where datname = $1', service)) return;
  // without superuser rights, a database's owner must be a role of the current user
  await client.query(`grant ${service}_owner to current_user`);
  await client.query(`create database ${service} owner ${service}_owner`);
  await client.query(`revoke all on database ${service} from public`);
  await client.query(`grant connect on database ${service} to ${service}_app`);
}

function urlFor(server: string, database: string, user: string, password: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  url.username = user;
  url.password = password;
  return url.href;
}

/** How many connections the server accepts. */
export async function readMaxConnections(adminUrl: string): Promise<number> {
  return withClient(adminUrl, async (client) => {
    const { rows } = await client.query<{ max_connections: string }>('show max_connections');
    return Number(rows[0]!.max_connections);
  });
}
