import { within } from '@homeroom/resilience';
import { LRUCache } from 'lru-cache';
import { randomUUID } from 'node:crypto';
import { SecondTier } from './second-tier.ts';
import { subscribe } from './subscription.ts';
import type { CacheEvent, CacheOptions, Happening } from './types.ts';

/** A load in progress, which every caller of this process waits for. */
interface Flight {
  promise: Promise<string | undefined>;
  /** The key was invalidated meanwhile: its value must be stored nowhere. */
  voided: boolean;
}

type Load = () => Promise<string | undefined>;

/**
 * Opens a cache. Opens one connection to Redis of its own, to receive invalidations; `close()` ends it.
 * @throws {Error} at once for invalid options.
 */
export function openCache(options: CacheOptions): Cache {
  check(options);
  return new Cache(options);
}

/** Cache-aside over two tiers. Values are strings: serialized once, served as they are. */
export class Cache {
  readonly #options;
  readonly #origin = randomUUID();
  readonly #l1Hit: CacheEvent;
  readonly #l1: LRUCache<string, string>;
  readonly #l2: SecondTier | undefined;
  readonly #subscription: { close: () => void } | undefined;
  readonly #flights = new Map<string, Flight>();
  readonly #filling = new Set<Promise<void>>();

  constructor(options: CacheOptions) {
    const { name, redis, keyPrefix, l1 } = options;
    this.#options = { loadTimeoutMs: 10_000, ...options };
    this.#l1Hit = { kind: 'hit', cache: name, tier: 'l1' };
    this.#l1 = new LRUCache({ max: l1.maxEntries, ttl: l1.ttlMs });
    if (redis === undefined) return;
    const channel = `${keyPrefix}invalidated`;
    this.#l2 = new SecondTier(redis, options, channel, this.#origin, this.#emit);
    this.#subscription = subscribe(redis, channel, {
      pingMs: Math.max(1000, l1.ttlMs),
      onGap: () => this.#dropAll(),
      onError: (error) => this.#emit({ kind: 'l2-error', operation: 'subscribe', error }),
      onMessage: (message) => this.#receive(message),
    });
  }

  /** What this process holds for `key`, at once and without I/O: for hot routes, before `get`. */
  peek(key: string): string | undefined {
    const held = this.#l1.get(key);
    if (held !== undefined) this.#options.onEvent?.(this.#l1Hit);
    return held;
  }

  /**
   * The value of `key`: from this process, from Redis, or from `load`, in this order. However many callers ask for a
   * cold key at once, a process calls `load` once. Redis being down costs a load, never an error or a wait.
   * @param load reads the truth; `undefined` means that there is none, which is not cached.
   * @throws what `load` throws; nothing is stored then.
   */
  async get(key: string, load: Load): Promise<string | undefined> {
    const held = this.peek(key);
    if (held !== undefined) return held;
    const flight = this.#flights.get(key);
    if (flight === undefined) return this.#fly(key, load);
    this.#emit({ kind: 'coalesced' });
    return flight.promise;
  }

  /**
   * Drops the keys in every process, including loads in progress. Call it after the commit.
   * Never rejects: when Redis is down, other processes may serve old values for up to `l1.ttlMs`, and the entries in
   * Redis are deleted when it is back by this process; if it dies first, they stay until their TTL expires.
   */
  async invalidate(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.#drop(key);
      this.#emit({ kind: 'invalidated', origin: 'here' });
    }
    if (keys.length > 0) await this.#l2?.invalidate(keys);
  }

  async close(): Promise<void> {
    this.#subscription?.close();
    await Promise.all(this.#filling);
    this.#l2?.close();
    this.#l1.clear();
  }

  readonly #emit = (happening: Happening): void => this.#options.onEvent?.({ cache: this.#options.name, ...happening });

  #receive(message: string): void {
    const space = message.indexOf(' ');
    if (message.slice(0, space) === this.#origin) return;
    this.#drop(message.slice(space + 1));
    this.#emit({ kind: 'invalidated', origin: 'elsewhere' });
  }

  #drop(key: string): void {
    this.#l1.delete(key);
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.voided = true;
    this.#flights.delete(key); // callers from now on must not get a value from before
  }

  #dropAll(): void {
    if (this.#l1.size === 0 && this.#flights.size === 0) return;
    this.#l1.clear();
    for (const key of [...this.#flights.keys()]) this.#drop(key);
    this.#emit({ kind: 'flushed' });
  }

  async #fly(key: string, load: Load): Promise<string | undefined> {
    const flight: Flight = { promise: Promise.resolve(undefined), voided: false };
    this.#flights.set(key, flight);
    flight.promise = this.#fetch(key, load, flight);
    try {
      return await flight.promise;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    }
  }

  async #fetch(key: string, load: Load, flight: Flight): Promise<string | undefined> {
    const answer = await this.#l2?.get(key);
    if (typeof answer === 'object' && 'value' in answer) {
      this.#emit({ kind: 'hit', tier: 'l2' });
      if (!flight.voided) this.#l1.set(key, answer.value);
      return answer.value;
    }
    this.#emit({ kind: 'miss', reason: answer === 'down' ? 'l2-down' : 'absent' });
    const startedAt = performance.now();
    const { name, loadTimeoutMs } = this.#options;
    const late = (): Error => new Error(`cache ${name}: the load of a value took longer than ${loadTimeoutMs} ms`);
    const value = await within(loadTimeoutMs, load(), late);
    this.#emit({ kind: 'loaded', durationMs: performance.now() - startedAt });
    if (value !== undefined) this.#store(key, value, flight, typeof answer === 'object' ? answer.lease : undefined);
    return value;
  }

  #store(key: string, value: string, flight: Flight, lease: string | undefined): void {
    if (flight.voided) {
      this.#emit({ kind: 'stale-fill-refused' });
      return;
    }
    this.#l1.set(key, value);
    if (this.#l2 === undefined || lease === undefined) return;
    // the caller does not wait for this
    const fill = this.#l2.fill(key, lease, value).then((stored) => {
      this.#filling.delete(fill);
      if (stored) return;
      // invalidated elsewhere, and the message about it may still be on its way
      if (this.#l1.peek(key) === value) this.#l1.delete(key);
      this.#emit({ kind: 'stale-fill-refused' });
    });
    this.#filling.add(fill);
  }
}

function check({ name, l1, l2, loadTimeoutMs = 1 }: CacheOptions): void {
  const demand = (fits: boolean, sentence: string): void => {
    if (!fits) throw new Error(`cache ${name}: ${sentence}`);
  };
  demand(Number.isInteger(l1.maxEntries) && l1.maxEntries >= 1, 'l1.maxEntries must be 1 or more');
  demand(
    Number.isInteger(l1.ttlMs) && l1.ttlMs >= 1,
    'l1.ttlMs must be 1 or more: it bounds how stale an entry can be',
  );
  demand(l2 === undefined || l2.ttlSeconds > 0, 'l2.ttlSeconds must be more than 0');
  demand(l2?.jitter === undefined || (l2.jitter >= 0 && l2.jitter < 1), 'l2.jitter must lie between 0 and 1');
  demand(l2?.timeoutMs === undefined || l2.timeoutMs > 0, 'l2.timeoutMs must be more than 0');
  demand(loadTimeoutMs > 0, 'loadTimeoutMs must be more than 0');
}
