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
  readonly childId: string;
  readonly familyId: string | undefined;
}

interface Waiting extends Wanted {
  readonly end: (arrived: boolean) => void;
}

/**
 * Requests that wait for a child whose family's event has not arrived yet. One statement asks for all of them, every
 * `pollMs`, only while a request waits; no connection is held in between.
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
  async wait({ childId, familyId }: Wanted, signal?: AbortSignal): Promise<boolean> {
    const { waitMs, limit } = this.#options;
    const isEnding = this.#closing.signal.aborted || signal?.aborted === true;
    if (isEnding || waitMs === 0 || this.#waiting.size >= limit) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting = { childId, familyId, end: resolve };
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
      const arrived = await findArrived(this.#db, waiting);
      for (const { childId, familyId, end } of waiting) {
        if (arrived.has(`${childId} ${familyId ?? ''}`)) end(true);
      }
    } catch {
      // a waiting request gets the database's own error from reading the facts again
      for (const { end } of waiting) end(true);
    }
  }
}

async function findArrived(db: Queryable, waiting: readonly Wanted[]): Promise<Set<string>> {
  const { rows } = await db.query<{ childId: string; familyId: string | null }>({
    name: 'children_arrived',
    text: `select w.child_id as "childId", w.family_id as "familyId"
      from unnest($1::uuid[], $2::uuid[]) as w(child_id, family_id)
      join children ch on ch.child_id = w.child_id and (w.family_id is null or ch.family_id = w.family_id)`,
    values: [waiting.map(({ childId }) => childId), waiting.map(({ familyId }) => familyId ?? null)],
  });
  return new Set(rows.map(({ childId, familyId }) => `${childId} ${familyId ?? ''}`));
}
