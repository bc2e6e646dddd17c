import pg from 'pg';
import { columnTypes } from './column-types.ts';
import { DatabaseUnavailableError, explain, isMisdirected, sqlState } from './errors.ts';
import type { OnEvent, Role } from './events.ts';
import { PooledConnection } from './pooled-connection.ts';

export interface PoolOptions {
  readonly url: string;
  readonly role: Role;
  readonly size: number;
  readonly applicationName: string;
  readonly statementTimeoutMs: number;
  readonly lockTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly onEvent: OnEvent;
}

export interface PoolStats {
  readonly total: number;
  readonly idle: number;
  /** Callers that wait for a connection now. */
  readonly waiting: number;
  readonly max: number;
}

/** Connections to one server: bounded in number, age and time, and never reused once broken. */
export class Pool {
  readonly #options: PoolOptions;
  #pool: pg.Pool;
  #draining = new Set<Promise<void>>();
  #answeredAt = -Infinity;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#pool = this.#open();
  }

  /**
   * Lends a connection to `work`. It is destroyed instead of returned when it broke or was left inside a transaction.
   * @throws {DatabaseUnavailableError} when none can be had in time.
   */
  async use<T>(work: (connection: PooledConnection) => Promise<T>): Promise<T> {
    const pool = this.#pool;
    const client = await pool.connect().catch((error: unknown) => {
      throw explain(error);
    });
    const { role, onEvent } = this.#options;
    const connection = new PooledConnection(client, role, onEvent, this.#noteAnswer);
    // a client in use has no listener of the pool, and an 'error' without a listener ends the process
    client.on('error', connection.breakBy);
    try {
      return await work(connection);
    } finally {
      if (!connection.idle) connection.breakBy(new Error('the work left a statement or a transaction unfinished'));
      const { broken } = connection;
      if (broken !== undefined) onEvent({ type: 'connection-lost', role, error: broken });
      if (isMisdirected(broken)) this.#drain(pool, sqlState(broken) ?? '');
      client.release(broken);
      client.off('error', connection.breakBy);
    }
  }

  stats(): PoolStats {
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = this.#pool;
    return { total, idle, waiting, max: this.#options.size };
  }

  /** Whether the server has answered anything within the last `ms`. */
  answeredWithin(ms: number): boolean {
    return performance.now() - this.#answeredAt <= ms;
  }

  /** Waits for lent connections to come back and closes all. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), ...this.#draining]);
  }

  readonly #noteAnswer = (): void => {
    this.#answeredAt = performance.now();
  };

  #open(): pg.Pool {
    const { url, role, size, applicationName, statementTimeoutMs, lockTimeoutMs, connectTimeoutMs, onEvent } =
      this.#options;
    const pool = new pg.Pool({
      connectionString: url,
      max: size,
      application_name: applicationName,
      types: columnTypes,
      statement_timeout: statementTimeoutMs,
      lock_timeout: lockTimeoutMs,
      idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
      // the server's limit acts first; this one is for a server that is lost silently
      query_timeout: statementTimeoutMs + 1_000,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 60_000,
      // lets a pool follow DNS, a new replica or a failover within minutes
      maxLifetimeSeconds: 300,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      ...(role === 'primary' ? { onConnect: refuseStandby } : {}),
    });
    pool.on('error', (error) => onEvent({ type: 'connection-lost', role, error }));
    return pool;
  }

  /** A demoted primary continues to answer reads on old connections: only new ones can find the new primary. */
  #drain(pool: pg.Pool, code: string): void {
    if (pool !== this.#pool || pool.ending) return;
    this.#pool = this.#open();
    this.#options.onEvent({ type: 'drained', code });
    const ended = pool.end().finally(() => this.#draining.delete(ended));
    this.#draining.add(ended);
  }
}

/** The driver awaits the promise, although its types do not say so. */
const refuseStandby: (client: pg.ClientBase) => unknown = async (client) => {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby');
  if (rows[0]?.standby === true) throw new DatabaseUnavailableError('the primary’s address leads to a standby');
};
