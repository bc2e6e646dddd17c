import type { Redis } from '@homeroom/redis';

export interface CacheOptions {
  /** Names the cache in events: `classes`. */
  readonly name: string;
  /** The second tier. Without it the cache is in-process only. It is given, not owned: `close()` leaves it open. */
  readonly redis?: Redis;
  /** Put before every key in Redis and before the invalidation channel: `enrollment:classes:v1:`. */
  readonly keyPrefix: string;
  readonly l1: {
    readonly maxEntries: number;
    /** How long a process may serve an entry whose invalidation it has missed; keep it ≤ 5 s. */
    readonly ttlMs: number;
  };
  readonly l2?: {
    readonly ttlSeconds: number;
    /** The share of `ttlSeconds` that is random, so that entries filled together do not expire together. Default 0.1. */
    readonly jitter?: number;
    /** How long a command may take before it counts as failed; three failures in a row, and Redis is not asked for a second. Default 100. */
    readonly timeoutMs?: number;
  };
  /** How long a load may take before its callers get an error and the next caller tries again. Default 10 000. */
  readonly loadTimeoutMs?: number;
  readonly onEvent?: (event: CacheEvent) => void;
}

/** What happened in a cache. */
export type Happening =
  | { kind: 'hit'; tier: 'l1' | 'l2' }
  /** A load, and why there was one: not cached, or Redis is down. */
  | { kind: 'miss'; reason: 'absent' | 'l2-down' }
  /** Waited for a load that another call of this process had started. */
  | { kind: 'coalesced' }
  | { kind: 'loaded'; durationMs: number }
  /** A value that was not stored because it was invalidated while it was loaded. */
  | { kind: 'stale-fill-refused' }
  | { kind: 'invalidated'; origin: 'here' | 'elsewhere' }
  /** All of L1 was dropped because invalidations may have been missed. */
  | { kind: 'flushed' }
  | { kind: 'l2-state'; state: 'closed' | 'open' | 'half-open' }
  | { kind: 'l2-error'; operation: 'get' | 'fill' | 'invalidate' | 'subscribe'; error: unknown };

export type CacheEvent = { cache: string } & Happening;
