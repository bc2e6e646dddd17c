import type { Producer } from '@homeroom/kafka';
import { openConnection, type Connection } from '@homeroom/postgres';
import { fullJitter, pause } from '@homeroom/resilience';
import { nextRows, removeRows, type OutboxRow } from './outbox-rows.ts';
import { publish } from './publish.ts';

export type RelayEvent =
  /** This process has the lock now. */
  | { readonly type: 'leading' }
  /** Another process has it; polled, reported once. */
  | { readonly type: 'following' }
  /** `ageMs`: how long ago the oldest of them was written. */
  | { readonly type: 'published'; readonly count: number; readonly ms: number; readonly ageMs: number }
  /** The broker refused or did not answer: the rows stay. */
  | { readonly type: 'publish-failed'; readonly error: Error; readonly attempt: number; readonly delayMs: number }
  /** The broker refuses a message of this key, which is held with all that follow it; other keys continue. */
  | { readonly type: 'refused'; readonly key: string; readonly error: Error; readonly holdMs: number }
  /** The connection to the database is lost, and with it the lock. */
  | { readonly type: 'connection-lost'; readonly error: Error; readonly attempt: number; readonly delayMs: number };

export interface RelayOptions {
  /** Of the primary itself, not of a pooler in transaction mode: the lock belongs to a session. */
  readonly url: string;
  readonly producer: Pick<Producer, 'send'>;
  /** One relay works per name and database: the service's name. */
  readonly lockName: string;
  /** Rows per round. 500 if not given. */
  readonly batchSize?: number;
  /** How soon to look again when there was nothing: from `min`, doubling up to `max`. 20 and 250 if not given. */
  readonly pollMs?: { readonly min: number; readonly max: number };
  /** How often a waiting relay asks for the lock. 500 if not given. */
  readonly lockPollMs?: number;
  readonly onEvent?: (event: RelayEvent) => void;
}

/** How long a key waits whose message was refused, before it is tried again. */
const holdMs = 30_000;
const backoff = { baseMs: 100, maxMs: 5_000 };

export const createRelay = (options: RelayOptions): Relay => new Relay(options);

/** Publishes what is committed to the outbox: at least once, in order per key. */
class Relay {
  readonly #options: Required<RelayOptions>;

  constructor(options: RelayOptions) {
    this.#options = {
      batchSize: 500,
      pollMs: { min: 20, max: 250 },
      lockPollMs: 500,
      onEvent: () => undefined,
      ...options,
    };
  }

  /** Works until `signal` aborts, then finishes the batch in progress, releases the lock, and resolves. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { url, lockName, onEvent } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      let connection: Connection | undefined;
      try {
        connection = await openConnection({ url, applicationName: `${lockName}-relay` });
        if (await this.#acquire(connection, signal)) {
          failures = 0;
          await this.#lead(connection, signal);
        }
      } catch (error) {
        const delayMs = fullJitter(++failures, backoff);
        onEvent({ type: 'connection-lost', error: asError(error), attempt: failures, delayMs });
        await pause(delayMs, signal);
      } finally {
        await connection?.close();
      }
    }
  }

  /**
   * Asks again and again instead of waiting in the server: a SELECT that waits for hours keeps vacuum from cleaning up, of
   * all tables first the outbox.
   */
  async #acquire(connection: Connection, signal: AbortSignal): Promise<boolean> {
    const { lockName, lockPollMs, onEvent } = this.#options;
    let reported = false;
    while (!signal.aborted) {
      if (await connection.tryLock(`outbox-relay:${lockName}`)) {
        onEvent({ type: 'leading' });
        return true;
      }
      if (!reported) onEvent({ type: 'following' });
      reported = true;
      await pause(lockPollMs / 2 + (Math.random() * lockPollMs) / 2, signal);
    }
    return false;
  }

  /** Reads from the same connection that holds the lock: without the lock there is nothing to publish. */
  async #lead(connection: Connection, signal: AbortSignal): Promise<void> {
    const { producer, batchSize, pollMs, onEvent } = this.#options;
    const held = new Map<string, number>();
    let idleMs = pollMs.min;
    let failures = 0;
    let prefetched: OutboxRow[] | undefined;
    while (!signal.aborted) {
      for (const [key, until] of held) if (until < performance.now()) held.delete(key);
      const rows = prefetched ?? (await nextRows(connection, batchSize, { heldKeys: [...held.keys()] }));
      prefetched = undefined;
      if (rows[0] === undefined) {
        await pause(idleMs, signal);
        idleMs = Math.min(pollMs.max, idleMs * 2);
        continue;
      }
      idleMs = pollMs.min;
      const start = performance.now();
      const ageMs = Date.now() - Date.parse(rows[0].written);
      // while the broker writes one batch the database reads the next, if there seems to be one
      const [sending, reading] = await Promise.allSettled([
        publish(producer, rows),
        rows.length < batchSize
          ? undefined
          : nextRows(connection, batchSize, { inHand: rows, heldKeys: [...held.keys()] }),
      ]);
      if (sending.status === 'rejected') {
        const delayMs = fullJitter(++failures, backoff);
        onEvent({ type: 'publish-failed', error: asError(sending.reason), attempt: failures, delayMs });
        await pause(delayMs, signal);
        continue;
      }
      failures = 0;
      await removeRows(connection, sending.value.rows);
      onEvent({ type: 'published', count: sending.value.rows.length, ms: performance.now() - start, ageMs });
      for (const [key, error] of sending.value.refused) {
        held.set(key, performance.now() + holdMs);
        onEvent({ type: 'refused', key, error, holdMs });
      }
      // what was read ahead may continue a key that is held now
      if (reading.status === 'fulfilled' && sending.value.refused.size === 0) prefetched = reading.value;
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
