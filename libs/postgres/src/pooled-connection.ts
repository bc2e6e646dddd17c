import type pg from 'pg';
import { breaksConnection, explain } from './errors.ts';
import type { OnEvent, Role } from './events.ts';
import type { Queryable, Result, Statement } from './queryable.ts';

/** The newest log position that the server behind a connection is known to have replayed. */
const replayed = new WeakMap<pg.PoolClient, bigint>();

/** One connection, for as long as a caller holds it. */
export class PooledConnection implements Queryable {
  readonly #client: pg.PoolClient;
  readonly #role: Role;
  readonly #onEvent: OnEvent;
  readonly #onAnswer: () => void;
  #running = 0;
  #broken: Error | undefined;

  /** @param onAnswer called whenever the server has answered, be it with an error. */
  constructor(client: pg.PoolClient, role: Role, onEvent: OnEvent, onAnswer: () => void) {
    this.#client = client;
    this.#role = role;
    this.#onEvent = onEvent;
    this.#onAnswer = onAnswer;
  }

  get replayed(): bigint {
    return replayed.get(this.#client) ?? 0n;
  }

  set replayed(lsn: bigint) {
    replayed.set(this.#client, lsn);
  }

  /** Why it must not be used again, if so. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  readonly breakBy = (error: Error): void => {
    this.#broken ??= error;
  };

  /** Whether it can be lent again: nothing runs on it, no transaction is open. */
  get idle(): boolean {
    return this.#running === 0 && this.#client.getTransactionStatus() === 'I';
  }

  async query<Row>({ name, text, values = [] }: Statement): Promise<Result<Row>> {
    const { rows, rowCount } = await this.#send(name, { name, text, values: values as unknown[] });
    return { rows: rows as Row[], rowCount: rowCount ?? 0 };
  }

  /** Runs one of the wrapper's own statements, unprepared. */
  async command<Row>(name: string, text: string): Promise<{ rows: Row[]; command: string }> {
    const { rows, command } = await this.#send(name, { text });
    return { rows: rows as Row[], command };
  }

  async #send(name: string, query: pg.QueryConfig): Promise<pg.QueryResult> {
    const start = performance.now();
    let failed = true;
    this.#running++;
    try {
      const result = await this.#client.query(query);
      failed = false;
      this.#onAnswer();
      return result;
    } catch (cause) {
      const error = explain(cause);
      if (breaksConnection(error)) this.breakBy(error);
      else this.#onAnswer();
      throw error;
    } finally {
      this.#running--;
      this.#onEvent({ type: 'query', name, role: this.#role, ms: performance.now() - start, failed });
    }
  }
}
