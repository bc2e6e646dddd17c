import pg from 'pg';
import { columnTypes } from './column-types.ts';
import { explain } from './errors.ts';
import type { Queryable, Result, Statement } from './queryable.ts';

/** One connection of its own, for what lives as long as a session does: an advisory lock and the work done under it. */
export interface Connection extends Queryable {
  /** Aborted when the connection is lost, and with it the locks. */
  readonly lost: AbortSignal;
  /** Takes the advisory lock `name` if it is free. It is released by `close` or by the connection's end. */
  tryLock(name: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Runs a statement on a connection of one's own, and explains its error. */
export async function queryOn<Row>(client: pg.Client, statement: pg.QueryConfig): Promise<Result<Row>> {
  try {
    const { rows, rowCount } = await client.query(statement);
    return { rows: rows as Row[], rowCount: rowCount ?? 0 };
  } catch (error) {
    throw explain(error);
  }
}

const statementTimeoutMs = 30_000;

export interface ConnectionOptions {
  readonly url: string;
  readonly applicationName: string;
}

/**
 * Opens it to the server itself: through a pooler in transaction mode a session lock would have no owner.
 * @throws {DatabaseUnavailableError} when the server cannot be reached.
 */
export async function openConnection({ url, applicationName }: ConnectionOptions): Promise<Connection> {
  const client = new pg.Client({
    connectionString: url,
    application_name: applicationName,
    types: columnTypes,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + 1_000,
    connectionTimeoutMillis: 2_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // the server drops a client whose machine is lost after 20 s instead of 2 h, so that its locks become free
    options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2',
  });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(explain(error)));
  client.on('end', () => lost.abort());
  await client.connect().catch((error: unknown) => {
    throw explain(error);
  });
  const query = <Row = Record<string, unknown>>({ name, text, values = [] }: Statement): Promise<Result<Row>> =>
    queryOn(client, { name, text, values: values as unknown[] });
  return {
    query,
    lost: lost.signal,
    async tryLock(name) {
      const text = 'select pg_try_advisory_lock(hashtextextended($1, 0)) as mine';
      const { rows } = await query<{ mine: boolean }>({ name: 'try_lock', text, values: [name] });
      return rows[0]?.mine === true;
    },
    close: () => client.end(),
  };
}
