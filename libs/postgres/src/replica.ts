import type { OnEvent } from './events.ts';
import { Pool, type PoolOptions } from './pool.ts';
import type { PooledConnection } from './pooled-connection.ts';

const coolDownMs = { first: 1_000, longest: 30_000 };

/** One replica: its pool, and whether to use it now. One that is down is tried by one read at a time, with growing pauses. */
export class Replica {
  readonly pool: Pool;
  readonly #number: number;
  readonly #onEvent: OnEvent;
  #failures = 0;
  #downUntil = 0;

  constructor(number: number, options: PoolOptions) {
    this.pool = new Pool(options);
    this.#number = number;
    this.#onEvent = options.onEvent;
  }

  /** Reserves the replica: while it is down, one read at a time may try it. */
  available(now = performance.now()): boolean {
    if (this.#failures === 0) return true;
    if (now < this.#downUntil) return false;
    this.#downUntil = now + coolDownMs.longest;
    return true;
  }

  up(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#onEvent({ type: 'replica-up', replica: this.#number });
  }

  down(error: Error, now = performance.now()): void {
    const ceiling = Math.min(coolDownMs.longest, coolDownMs.first * 2 ** this.#failures);
    // half fixed, so that a dead replica is not tried at once; half random, so that processes do not try it together
    const pause = ceiling / 2 + (Math.random() * ceiling) / 2;
    this.#failures++;
    this.#downUntil = now + pause;
    this.#onEvent({ type: 'replica-down', replica: this.#number, error, coolDownMs: pause });
  }
}

/** A log position as a number that can be compared. */
export function parseLsn(lsn: string): bigint {
  const [high = '', low = ''] = lsn.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/**
 * Whether the server behind this very connection has replayed up to `lsn`: behind one address there may be two replicas,
 * and a second connection may reach the other. What it has replayed once stays replayed, so most calls ask nothing.
 */
export async function hasReplayed(connection: PooledConnection, lsn: bigint): Promise<boolean> {
  if (connection.replayed >= lsn) return true;
  const { rows } = await connection.command<{ lsn: string | null }>(
    'replayed',
    // a promoted replica has a history of its own: positions of the old primary mean nothing there
    'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()::text end as lsn',
  );
  const replayed = rows[0]?.lsn;
  if (replayed == null) return false;
  connection.replayed = parseLsn(replayed);
  return connection.replayed >= lsn;
}
