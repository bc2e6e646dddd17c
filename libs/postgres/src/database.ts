import { orAborted } from '@homeroom/resilience';
import { coopDatabase, type CoopDatabase, type Statements } from './coop-database.ts';
import { DatabaseUnavailableError } from './errors.ts';
import type { OnEvent } from './events.ts';
import { Pool, type PoolStats } from './pool.ts';
import type { Freshness, Queryable, Transaction } from './queryable.ts';
import { Reads } from './reads.ts';
import { Replica } from './replica.ts';
import { retrying } from './retry.ts';
import { inTransaction, type Isolation } from './transaction.ts';

export interface DatabaseOptions {
  readonly primaryUrl: string;
  /** Empty: every read goes to the primary. */
  readonly replicaUrls: readonly string[];
  /** Connections to the primary; see `poolSize`. */
  readonly poolSize: number;
  /** Connections to each replica. */
  readonly replicaPoolSize: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** A statement is canceled after this. 5,000 if not given. */
  readonly statementTimeoutMs?: number;
  /** A statement that waits this long for a lock fails. 3,000 if not given. */
  readonly lockTimeoutMs?: number;
  /** How long a caller waits for a connection. 2,000 if not given. */
  readonly connectTimeoutMs?: number;
  readonly onEvent?: OnEvent;
}

/** One service's database: the primary and its replicas. As a `Queryable` it is the primary, one round trip a statement. */
export interface Database extends Queryable {
  /**
   * Runs `work` in one transaction on the primary. It may run up to 5 times (serialization failure, deadlock, failover),
   * so it must use nothing but `trx`.
   * @throws {UnknownOutcomeError} when the connection broke during COMMIT.
   * @throws {DatabaseUnavailableError} when the primary is unavailable.
   */
  transaction<T>(work: (trx: Transaction) => Promise<T>, options?: { isolation?: Isolation }): Promise<T>;
  /**
   * Runs `work`, which only reads, on a replica that is new enough for `freshness`, otherwise on the primary. It may run
   * twice: a replica that fails is replaced by the primary.
   */
  read<T>(freshness: Freshness | undefined, work: (db: Queryable) => Promise<T>): Promise<T>;
  /** The rows of one co-op. Opens nothing, and costs an object. */
  ofCoop(coopId: string): CoopDatabase;
  /** Fails when the primary does not answer before `signal` aborts. */
  ping(signal?: AbortSignal): Promise<void>;
  /**
   * Whether the primary has answered anything within the last `ms`: what a health check asks first, because a burst that has taken
   * every connection leaves none for a ping.
   */
  answeredWithin(ms: number): boolean;
  /** Of the primary's pool. */
  poolStats(): PoolStats;
  /** Waits for running work, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the pools; connects to nothing yet. */
export function openDatabase(options: DatabaseOptions): Database {
  const {
    applicationName,
    statementTimeoutMs = 5_000,
    lockTimeoutMs = 3_000,
    connectTimeoutMs = 2_000,
    onEvent = () => undefined,
  } = options;
  const shared = { applicationName, statementTimeoutMs, lockTimeoutMs, onEvent };
  const primary = new Pool({
    ...shared,
    url: options.primaryUrl,
    role: 'primary',
    size: options.poolSize,
    connectTimeoutMs,
  });
  const replicas = options.replicaUrls.map((url, number) => {
    const size = options.replicaPoolSize;
    // a read has somewhere else to go, so it waits less
    return new Replica(number, { ...shared, url, role: 'replica', size, connectTimeoutMs: connectTimeoutMs / 2 });
  });
  const reads = new Reads(primary, replicas, onEvent);

  const statements: Statements = {
    query: (statement) => retrying(onEvent, () => primary.use((connection) => connection.query(statement))),
    transaction: (work, { isolation = 'read committed' } = {}) =>
      retrying(onEvent, () => primary.use((connection) => inTransaction(connection, isolation, work))),
    read: (freshness, work) => reads.read(freshness, work),
  };
  return {
    ...statements,
    ofCoop: (coopId) => coopDatabase(statements, coopId),
    async ping(signal) {
      signal?.throwIfAborted();
      const answer = primary.use((connection) => connection.command('ping', 'select 1'));
      const late = (): Error => new DatabaseUnavailableError('the primary did not answer in time');
      await (signal === undefined ? answer : orAborted(answer, signal, late));
    },
    answeredWithin: (ms) => primary.answeredWithin(ms),
    poolStats: () => primary.stats(),
    async close() {
      await Promise.all([primary.close(), ...replicas.map(({ pool }) => pool.close())]);
    },
  };
}
