import { setTimeout as sleep } from 'node:timers/promises';
import type { Producer } from '@homeroom/kafka';
import { openConnection, type Connection } from '@homeroom/postgres';

export type RelayEvent =
  /** This process has the lock now. */
  | { readonly type: 'leading' }
  /** Another process has it; asked again and again, reported once. */
  | { readonly type: 'following' }
  /** `ageMs`: how long ago the oldest of them was written. */
  | { readonly type: 'published'; readonly count: number; readonly ms: number; readonly ageMs: number }
  /** The broker refused or did not answer: the rows stay. */
  | { readonly type: 'publish-failed'; readonly error: Error; readonly attempt: number; readonly delayMs: number }
  /** The database is away, and with it the lock. */
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

interface OutboxRow {
  readonly sequence: number;
  readonly topic: string;
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly payload: Buffer;
  readonly created_at: Date;
}

/** Publishes what is committed to the outbox: at least once, in order per key. */
export interface Relay {
  /** Works until `signal` aborts, then finishes the batch in hand, gives the lock back and resolves. Never rejects. */
  run(signal: AbortSignal): Promise<void>;
}

const backoff = { baseMs: 100, maxMs: 5_000 };

export function createRelay(options: RelayOptions): Relay {
  const {
    url,
    producer,
    lockName,
    batchSize = 500,
    pollMs = { min: 20, max: 250 },
    lockPollMs = 500,
    onEvent = () => undefined,
  } = options;

  /** Reads from the same connection that holds the lock: without the lock there is nothing to publish. */
  async function lead(connection: Connection, signal: AbortSignal): Promise<void> {
    let idleMs = pollMs.min;
    let failures = 0;
    while (!signal.aborted) {
      const rows = await nextRows(connection, batchSize);
      if (rows.length === 0) {
        await pause(idleMs, signal);
        idleMs = Math.min(pollMs.max, idleMs * 2);
        continue;
      }
      idleMs = pollMs.min;
      const start = performance.now();
      try {
        await producer.send(rows.map(({ topic, key, headers, payload }) => ({ topic, key, headers, value: payload })));
      } catch (error) {
        const delayMs = fullJitter(failures++);
        onEvent({ type: 'publish-failed', error: asError(error), attempt: failures, delayMs });
        await pause(delayMs, signal);
        continue;
      }
      failures = 0;
      await removeRows(connection, rows);
      onEvent({
        type: 'published',
        count: rows.length,
        ms: performance.now() - start,
        ageMs: Date.now() - Math.min(...rows.map((row) => row.created_at.getTime())),
      });
    }
  }

  return {
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        let connection: Connection | undefined;
        try {
          connection = await openConnection({ url, applicationName: `${lockName}-relay` });
          if (await acquire(connection, signal)) {
            failures = 0;
            await lead(connection, signal);
          }
        } catch (error) {
          const delayMs = fullJitter(failures++);
          onEvent({ type: 'connection-lost', error: asError(error), attempt: failures, delayMs });
          await pause(delayMs, signal);
        } finally {
          await connection?.close();
        }
      }
    },
  };

  /**
   * Asks again and again instead of waiting in the server: a SELECT that waits for hours keeps vacuum from cleaning up, of
   * all tables first the outbox.
   */
  async function acquire(connection: Connection, signal: AbortSignal): Promise<boolean> {
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
}

async function nextRows(connection: Connection, limit: number): Promise<OutboxRow[]> {
  const { rows } = await connection.query<OutboxRow>({
    name: 'outbox_next',
    text: 'select sequence, topic, key, headers, payload, created_at from outbox order by sequence limit $1',
    values: [limit],
  });
  return rows;
}

/** By name, never "up to the last one": a smaller sequence may be committed after a larger one was seen. */
async function removeRows(connection: Connection, rows: readonly OutboxRow[]): Promise<void> {
  await connection.query({
    name: 'outbox_remove',
    text: 'delete from outbox where sequence = any($1::bigint[])',
    values: [rows.map((row) => row.sequence)],
  });
}

const fullJitter = (attempt: number): number => Math.random() * Math.min(backoff.maxMs, backoff.baseMs * 2 ** attempt);

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
