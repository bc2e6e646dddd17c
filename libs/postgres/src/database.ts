import { orAborted } from '@homeroom/resilience';
import { DatabaseUnavailableError, isReplicaDown, isReplicaTrouble } from './errors.ts';
import type { DatabaseEvent, OnEvent } from './events.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { Freshness, Queryable, Result, Statement, Transaction } from './queryable.ts';
import { hasReplayed, parseLsn, Replica } from './replica.ts';
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

export interface PoolStats {
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection now. */
  readonly waiting: number;
  readonly max: number;
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
  /** Fails when the primary does not answer before `signal` aborts. */
  ping(signal?: AbortSignal): Promise<void>;
  /**
   * Whether the primary has answered anything within the last `ms`: what a health check asks first, because a burst that has taken
   * every connection leaves none for a ping.
   */
  answeredWithin(ms: number): boolean;
  poolStats(): { readonly primary: PoolStats; readonly replicas: readonly PoolStats[] };
  /** Waits for running work, then closes every connection. */
  close(): Promise<void>;
}

/** Opens the pools; connects to nothing yet. */
export function openDatabase(options: DatabaseOptions): Database {
  const { primaryUrl, replicaUrls, poolSize, replicaPoolSize, applicationName } = options;
  const {
    statementTimeoutMs = 5_000,
    lockTimeoutMs = 3_000,
    connectTimeoutMs = 2_000,
    onEvent = () => undefined,
  } = options;
  const every = { applicationName, statementTimeoutMs, lockTimeoutMs, onEvent };
  const primary = new Pool({ ...every, url: primaryUrl, role: 'primary', size: poolSize, connectTimeoutMs });
  const replicas = replicaUrls.map((url, number) => {
    // a read has somewhere else to go, so it waits less
    const ofReplica: PoolOptions = {
      ...every,
      url,
      role: 'replica',
      size: replicaPoolSize,
      connectTimeoutMs: connectTimeoutMs / 2,
    };
    return new Replica(number, ofReplica);
  });
  let turn = 0;
  const nextReplica = (): Replica | undefined => {
    for (let tries = 0; tries < replicas.length; tries++) {
      const replica = replicas[turn++ % replicas.length];
      if (replica?.available() === true) return replica;
    }
    return undefined;
  };
  const readPrimary = async <T>(
    because: (DatabaseEvent & { type: 'read' })['because'],
    freshness: Freshness | undefined,
    work: (db: Queryable) => Promise<T>,
  ): Promise<T> => {
    onEvent({ type: 'read', role: 'primary', because });
    const marked = freshness !== undefined && freshness.mark !== 'any';
    const { value, lsn } = await primary.use(async (connection) => ({
      value: await work(connection),
      // after the read, so that the next one cannot show an older state than this one did
      lsn: marked ? await currentPosition(connection) : undefined,
    }));
    if (marked && lsn !== undefined) await advance(freshness, lsn, onEvent);
    return value;
  };

  return {
    query<Row>(statement: Statement): Promise<Result<Row>> {
      return retrying(onEvent, () => primary.use((connection) => connection.query<Row>(statement)));
    },

    transaction(work, { isolation = 'read committed' } = {}) {
      return retrying(onEvent, () => primary.use((connection) => inTransaction(connection, isolation, work)));
    },

    async read(freshness, work) {
      const mark = freshness?.mark ?? 'any';
      if (mark === 'primary') return readPrimary('just-wrote', freshness, work);
      if (replicas.length === 0) return readPrimary('no-replica', freshness, work);
      const replica = nextReplica();
      if (replica === undefined) return readPrimary('replica-down', freshness, work);
      try {
        const answer = await replica.pool.use(async (connection) => {
          if (mark !== 'any' && !(await hasReplayed(connection, parseLsn(mark)))) return undefined;
          return { value: await work(connection) };
        });
        replica.up();
        if (answer !== undefined) {
          onEvent({ type: 'read', role: 'replica', because: mark === 'any' ? 'any' : 'caught-up' });
          return answer.value;
        }
      } catch (error) {
        const down = isReplicaDown(error);
        if (down) replica.down(error as Error);
        else replica.up();
        if (!isReplicaTrouble(error)) throw error;
        return readPrimary(down ? 'replica-down' : 'conflict', freshness, work);
      }
      return readPrimary('behind', freshness, work);
    },

    async ping(signal) {
      signal?.throwIfAborted();
      const answer = primary.use((connection) => connection.command('ping', 'select 1'));
      const late = (): Error => new DatabaseUnavailableError('the primary did not answer in time');
      await (signal === undefined ? answer : orAborted(answer, signal, late));
    },

    answeredWithin: (ms) => primary.answeredWithin(ms),

    poolStats: () => ({ primary: primary.stats(), replicas: replicas.map(({ pool }) => pool.stats()) }),

    async close() {
      await Promise.all([primary.close(), ...replicas.map(({ pool }) => pool.close())]);
    },
  };
}

async function currentPosition(connection: Queryable): Promise<string | undefined> {
  const statement = { name: 'position', text: 'select pg_current_wal_insert_lsn()::text as lsn' };
  return (await connection.query<{ lsn: string }>(statement)).rows[0]?.lsn;
}

async function advance(freshness: Freshness, lsn: string, onEvent: OnEvent): Promise<void> {
  try {
    await freshness.advance(lsn);
  } catch (error) {
    onEvent({ type: 'mark-lost', error: error instanceof Error ? error : new Error(String(error)) });
  }
}
