import { breaker, isBrokenCircuit, within } from '@homeroom/resilience';
import { redisScript, type Redis, type RedisScript } from '@homeroom/redis';
import { randomUUID } from 'node:crypto';
import type { CacheOptions, Happening } from './types.ts';

/** Longer than any load takes: until then the loader may still fill. */
const leaseMs = 30_000;
const mostUnsent = 10_000;

/**
 * Returns the value, or issues the key's lease: the holder of a lease that has not been voided may fill. Two
 * loaders share one, which is safe: it proves that nothing was invalidated since the first of them began.
 * "Scaling Memcache at Facebook" (NSDI 2013, §3.2.1) calls what this prevents a stale set.
 */
const leaseScript = `
local value = redis.call('GET', KEYS[1])
if value then return value end
local lease = redis.call('GET', KEYS[2])
if not lease then
  lease = ARGV[1]
  redis.call('SET', KEYS[2], lease, 'PX', ARGV[2])
end
return {lease}`;

const fillScript = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`;

export type Answer = { readonly value: string } | { readonly lease: string } | 'down';

/** Redis as the second tier. No method rejects or takes longer than `timeoutMs`; a failure is an event and an answer. */
export class SecondTier {
  readonly #redis: Redis;
  readonly #takeLease: RedisScript;
  readonly #fillLeased: RedisScript;
  readonly #prefix: string;
  readonly #channel: string;
  readonly #origin: string;
  readonly #limits;
  readonly #breaker;
  readonly #fail: (operation: 'get' | 'fill' | 'invalidate', error: unknown) => void;
  /** Keys whose deletion Redis has not confirmed: it may hold old values of them. */
  readonly #unsent = new Set<string>();
  #retrying: NodeJS.Timeout | undefined;

  constructor(redis: Redis, options: CacheOptions, channel: string, origin: string, emit: (event: Happening) => void) {
    this.#redis = redis;
    this.#takeLease = redisScript(redis, leaseScript);
    this.#fillLeased = redisScript(redis, fillScript);
    this.#prefix = options.keyPrefix;
    this.#channel = channel;
    this.#origin = origin;
    this.#limits = { ttlSeconds: 300, jitter: 0.1, timeoutMs: 100, ...options.l2 };
    this.#breaker = breaker(`cache ${options.name}`, { failures: 3, openMs: 1000 }, (state) =>
      emit({ kind: 'l2-state', state }),
    );
    this.#fail = (operation, error) => emit({ kind: 'l2-error', operation, error });
  }

  async get(key: string): Promise<Answer> {
    // while one process's deletion is on its way to Redis, that process must not trust what Redis returns
    if (this.#unsent.size > 0 && this.#unsent.has(key)) return 'down';
    return this.#ask('get', 'down', async (): Promise<Answer> => {
      const value = await this.#redis.get(this.#valueKey(key));
      if (value !== null) return { value };
      const answer = await this.#takeLease(this.#keys(key), [randomUUID(), leaseMs]);
      return typeof answer === 'string' ? { value: answer } : { lease: String((answer as unknown[])[0]) };
    });
  }

  /** @returns whether it was stored; not when the lease was voided. */
  async fill(key: string, lease: string, value: string): Promise<boolean> {
    const { ttlSeconds, jitter } = this.#limits;
    const ttlMs = Math.round(ttlSeconds * 1000 * (1 - jitter * Math.random()));
    return this.#ask('fill', true, async () => (await this.#fillLeased(this.#keys(key), [lease, value, ttlMs])) === 1);
  }

  /** Deletes the value, voids leases, and notifies the other processes: now, or when Redis is available again. */
  async invalidate(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#unsent.add(key);
    const sent = await this.#ask('invalidate', false, async () => {
      const batch = this.#redis.pipeline();
      for (const key of keys) {
        batch.del(this.#valueKey(key), this.#leaseKey(key)).publish(this.#channel, `${this.#origin} ${key}`);
      }
      const failed = (await batch.exec())?.find(([error]) => error !== null);
      if (failed?.[0]) throw failed[0];
      return true;
    });
    if (sent) for (const key of keys) this.#unsent.delete(key);
    else this.#retryLater();
  }

  close(): void {
    clearTimeout(this.#retrying);
  }

  #retryLater(): void {
    for (const key of this.#unsent) {
      if (this.#unsent.size <= mostUnsent) break;
      this.#unsent.delete(key);
    }
    this.#retrying ??= setTimeout(() => {
      this.#retrying = undefined;
      void this.invalidate([...this.#unsent]);
    }, 500).unref();
  }

  async #ask<T>(operation: 'get' | 'fill' | 'invalidate', otherwise: T, question: () => Promise<T>): Promise<T> {
    // asking a breaker that is half open would wait for the one try in progress
    if (this.#breaker.state() === 'half-open' || !isReachable(this.#redis)) return otherwise;
    const { timeoutMs } = this.#limits;
    const late = (): Error => new Error(`no answer within ${timeoutMs} ms`);
    try {
      return await this.#breaker.execute(async () => within(timeoutMs, question(), late));
    } catch (error) {
      if (!isBrokenCircuit(error)) this.#fail(operation, error);
      return otherwise;
    }
  }

  // the braces put both keys into one slot of a cluster
  readonly #valueKey = (key: string): string => `${this.#prefix}{${key}}`;
  readonly #leaseKey = (key: string): string => `${this.#prefix}{${key}}:lease`;
  readonly #keys = (key: string): [string, string] => [this.#valueKey(key), this.#leaseKey(key)];
}

/** While ioredis is reconnecting it would queue the command instead of failing. */
const isReachable = (redis: Redis): boolean => redis.status === 'ready' || redis.status === 'wait';
