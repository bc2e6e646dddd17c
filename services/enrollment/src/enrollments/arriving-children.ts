import type { Queryable } from '@homeroom/postgres';
import { pause } from '@homeroom/resilience';

export interface ArrivingOptions {
  /** Maximum wait of a request; 0 disables waiting. */
  readonly waitMs: number;
  /** Interval between queries while a request waits. */
  readonly pollMs?: number;
  /** Requests that may wait at the same time. */
  readonly limit?: number;
}

interface Wanted {
  readonly coopId: string;
  readonly childId: string;
  readonly familyId: string | undefined;
}

interface Waiting extends Wanted {
  readonly end: (arrived: boolean) => void;
}

/**
 * Requests, of any co-op, that wait for a child whose family's event has not arrived yet. One statement asks for all of them,
 * every `pollMs`, only while a request waits; no connection is held in between.
 */
export class ArrivingChildren {
  readonly #db: Queryable;
  readonly #options: Required<ArrivingOptions>;
  readonly #waiting = new Set<Waiting>();
  readonly #closing = new AbortController();
  #polling = false;

  constructor(db: Queryable, { waitMs, pollMs = 50, limit = 200 }: ArrivingOptions) {
    this.#db = db;
    this.#options = { waitMs, pollMs, limit };
  }

  /**
   * @param wanted a child of another family than `familyId` never arrives: nothing is revealed about it.
   * @returns whether the child has arrived; false after `waitMs`, at the limit, on abort, and on close.
   */
  async wait({ coopId, childId, familyId }: Wanted, signal?: AbortSignal): Promise<boolean> {
    const { waitMs, limit } = this.#options;
    const isEnding = this.#closing.signal.aborted || signal?.aborted === true;
    if (isEnding || waitMs === 0 || this.#waiting.size >= limit) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting = { coopId, childId, familyId, end: resolve };
    const giveUp = (): void => resolve(false);
    const timer = setTimeout(giveUp, waitMs);
    signal?.addEventListener('abort', giveUp);
    this.#waiting.add(waiting);
    void this.#poll();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      this.#waiting.delete(waiting);
    }
  }

  /** Ends every wait and starts no more. */
  close(): void {
    this.#closing.abort();
    for (const { end } of this.#waiting) end(false);
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    while (this.#waiting.size > 0) {
      await pause(this.#options.pollMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      await this.#ask();
    }
    this.#polling = false;
  }

  async #ask(): Promise<void> {
    const waiting = [...this.#waiting];
    if (waiting.length === 0) return;
    try {
      for (const place of await findArrived(this.#db, waiting)) waiting[place - 1]?.end(true);
    } catch {
      // a waiting request gets the database's own error from reading the facts again
      for (const { end } of waiting) end(true);
    }
  }
}

/** @returns the places of those whose child has arrived; 1 is the first. */
async function findArrived(db: Queryable, wanted: readonly Wanted[]): Promise<number[]> {
  const { rows } = await db.query<{ place: number }>({
    name: 'children_arrived',
    text: `select /* every co-op */ w.place::int as place
      from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as w(coop_id, child_id, family_id, place)
      join children ch on ch.coop_id = w.coop_id and ch.child_id = w.child_id
        and (w.family_id is null or ch.family_id = w.family_id)`,
    values: [
      wanted.map(({ coopId }) => coopId),
      wanted.map(({ childId }) => childId),
      wanted.map(({ familyId }) => familyId ?? null),
    ],
  });
  return rows.map(({ place }) => place);
}
