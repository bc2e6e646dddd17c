import { isReplicaDown, isReplicaTrouble } from './errors.ts';
import type { DatabaseEvent, OnEvent } from './events.ts';
import type { Pool } from './pool.ts';
import type { Freshness, Queryable } from './queryable.ts';
import { hasReplayed, parseLsn, type Replica } from './replica.ts';

type Because = Extract<DatabaseEvent, { type: 'read' }>['because'];
type Work<T> = (db: Queryable) => Promise<T>;

/** Chooses a server for each read: a replica that is new enough, otherwise the primary. */
export class Reads {
  readonly #primary: Pool;
  readonly #replicas: readonly Replica[];
  readonly #onEvent: OnEvent;
  #turn = 0;

  constructor(primary: Pool, replicas: readonly Replica[], onEvent: OnEvent) {
    this.#primary = primary;
    this.#replicas = replicas;
    this.#onEvent = onEvent;
  }

  async read<T>(freshness: Freshness | undefined, work: Work<T>): Promise<T> {
    if (freshness?.mark === 'primary') return this.#onPrimary('just-wrote', freshness, work);
    if (this.#replicas.length === 0) return this.#onPrimary('no-replica', freshness, work);
    const replica = this.#nextReplica();
    if (replica === undefined) return this.#onPrimary('replica-down', freshness, work);
    const mark = freshness?.mark ?? 'any';
    try {
      const answer = await replica.pool.use(async (connection) => {
        if (mark !== 'any' && !(await hasReplayed(connection, parseLsn(mark)))) return undefined;
        return { value: await work(connection) };
      });
      replica.up();
      if (answer !== undefined) {
        this.#onEvent({ type: 'read', role: 'replica', because: mark === 'any' ? 'any' : 'caught-up' });
        return answer.value;
      }
    } catch (error) {
      const down = isReplicaDown(error);
      if (down) replica.down(error as Error);
      else replica.up();
      if (!isReplicaTrouble(error)) throw error;
      return this.#onPrimary(down ? 'replica-down' : 'conflict', freshness, work);
    }
    return this.#onPrimary('behind', freshness, work);
  }

  #nextReplica(): Replica | undefined {
    for (let tries = 0; tries < this.#replicas.length; tries++) {
      const replica = this.#replicas[this.#turn++ % this.#replicas.length];
      if (replica?.available() === true) return replica;
    }
    return undefined;
  }

  async #onPrimary<T>(because: Because, freshness: Freshness | undefined, work: Work<T>): Promise<T> {
    this.#onEvent({ type: 'read', role: 'primary', because });
    if (freshness === undefined || freshness.mark === 'any') return this.#primary.use(work);
    const { value, lsn } = await this.#primary.use(async (connection) => ({
      value: await work(connection),
      // after the read, so that the next one cannot show an older state than this one did
      lsn: await currentPosition(connection),
    }));
    if (lsn !== undefined) await this.#advance(freshness, lsn);
    return value;
  }

  async #advance(freshness: Freshness, lsn: string): Promise<void> {
    try {
      await freshness.advance(lsn);
    } catch (error) {
      this.#onEvent({ type: 'mark-lost', error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
}

async function currentPosition(connection: Queryable): Promise<string | undefined> {
  const { rows } = await connection.query<{ lsn: string }>({
    name: 'position',
    text: 'select pg_current_wal_insert_lsn()::text as lsn',
  });
  return rows[0]?.lsn;
}
