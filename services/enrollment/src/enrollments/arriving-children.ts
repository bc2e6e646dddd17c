import type { Queryable } from '@homeroom/postgres';

export interface ArrivingOptions {
  /** How long a request waits at most; 0 never waits. */
  readonly waitMs: number;
  /** How often the database is asked while a request waits. */
  readonly pollMs?: number;
  /** Requests that may wait at the same time; another one does not wait. */
  readonly limit?: number;
}

interface Waiting {
  readonly childId: string;
  readonly familyId: string | undefined;
  readonly end: (arrived: boolean) => void;
}

/**
 * Requests that wait for a child whose family's event has not arrived yet. One statement asks for all of them, every
 * `pollMs`, only while a request waits; no connection is held in between.
 */
export class ArrivingChildren {
  readonly #db: Queryable;
  readonly #waitMs: number;
  readonly #pollMs: number;
  readonly #limit: number;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: Queryable, { waitMs, pollMs = 50, limit = 200 }: ArrivingOptions) {
    this.#db = db;
    this.#waitMs = waitMs;
    this.#pollMs = pollMs;
    this.#limit = limit;
  }

  /**
   * @param wanted a child of another family than `familyId` never arrives: nothing is revealed about it.
   * @returns whether the child has arrived; false after `waitMs`, at the limit, on abort, and on close.
   */
  async wait(
    { childId, familyId }: { childId: string; familyId: string | undefined },
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (this.#closed || this.#waitMs === 0 || this.#waiting.size >= this.#limit || signal?.aborted === true)
      return false;
    return new Promise((resolve) => {
      const end = (arrived: boolean): void => {
        clearTimeout(bound);
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(waiting);
        resolve(arrived);
      };
      const waiting: Waiting = { childId, familyId, end };
      const abort = (): void => end(false);
      const bound = setTimeout(abort, this.#waitMs);
      signal?.addEventListener('abort', abort);
      this.#waiting.add(waiting);
      this.#schedule();
    });
  }

  /** Ends every wait and starts no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { end } of this.#waiting) end(false);
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#waiting.size === 0 || this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#ask().finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, this.#pollMs);
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

async function findArrived(
  db: Queryable,
  waiting: readonly { childId: string; familyId: string | undefined }[],
): Promise<Set<string>> {
  const { rows } = await db.query<{ childId: string; familyId: string | null }>({
    name: 'children_arrived',
    text: `select w.child_id as "childId", w.family_id as "familyId"
      from unnest($1::uuid[], $2::uuid[]) as w(child_id, family_id)
      join children ch on ch.child_id = w.child_id and (w.family_id is null or ch.family_id = w.family_id)`,
    values: [waiting.map(({ childId }) => childId), waiting.map(({ familyId }) => familyId ?? null)],
  });
  return new Set(rows.map(({ childId, familyId }) => `${childId} ${familyId ?? ''}`));
}
