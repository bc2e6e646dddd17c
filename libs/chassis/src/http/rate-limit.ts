import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import { redisScript, type Redis, type RedisScript } from '@homeroom/redis';
import { LRUCache } from 'lru-cache';

/**
 * Takes a part of what is left in the window, at least 1. A process that holds a lease answers without asking Redis, and
 * all processes together never let through more than the limit. KEYS counter; ARGV windowMs, max, share.
 */
const leaseScript = `
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local ttl = redis.call('PTTL', KEYS[1])
local left = tonumber(ARGV[2]) - used
if left <= 0 then return {0, ttl} end
local lease = math.max(1, math.floor(left / tonumber(ARGV[3])))
redis.call('INCRBY', KEYS[1], lease)
if ttl < 0 then
  ttl = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ttl)
end
return {lease, ttl}`;

/** A twentieth at a time: of 100 a minute a process holds 5 at most. */
const leaseShare = 20;
/** Windows held by this process; beyond it the least recently used are dropped, which is lenient to those clients only. */
const maxWindows = 50_000;
/** After a failure Redis is not asked for this long, so that a slow one does not slow every request. */
const restMs = 1_000;

interface Window {
  /** Requests that may still pass without asking. */
  left: number;
  /** When nothing is left: whether Redis reported the window as used up, or has not been asked again yet. */
  usedUp: boolean;
  endsAt: number;
}

interface Waiting {
  readonly callback: Callback;
  readonly windowMs: number;
  readonly max: number;
}

type Callback = Parameters<FastifyRateLimitStore['incr']>[1];
type RouteOptions = Parameters<FastifyRateLimitStore['child']>[0];

interface StoreOptions {
  readonly redis: Redis | undefined;
  readonly prefix: string;
  /** Called at most once per second while the store counts alone. */
  readonly onFallback: (error: unknown) => void;
}

/** What the stores of one server's routes share. */
interface Shared extends StoreOptions {
  /** Takes a lease; undefined without a Redis. */
  readonly lease: RedisScript | undefined;
  /** One map for all routes: lru-cache allocates its maximum at once. */
  readonly windows: LRUCache<string, Window>;
  restUntil: number;
}

/**
 * A store for @fastify/rate-limit: counts in Redis for all processes together, and in this process alone while Redis is
 * down or slow. Redis being down neither lifts the limit nor refuses everyone.
 */
export function rateLimitStore(options: StoreOptions): FastifyRateLimitStoreCtor {
  const lease = options.redis && redisScript(options.redis, leaseScript);
  const shared: Shared = { ...options, lease, windows: new LRUCache({ max: maxWindows }), restUntil: 0 };
  return class extends LeaseStore {
    constructor() {
      super(shared, '');
    }
  };
}

class LeaseStore implements FastifyRateLimitStore {
  readonly #shared: Shared;
  readonly #prefix: string;
  /** Requests that wait for an answer from Redis, by client: one asks for all, or a burst would lease far too much. */
  readonly #waiting = new Map<string, Waiting[]>();

  constructor(shared: Shared, route: string) {
    this.#shared = shared;
    this.#prefix = `${shared.prefix}limit:${route}`;
  }

  incr(key: string, callback: Callback, windowMs = 60_000, max = 100): void {
    const { lease, restUntil } = this.#shared;
    const now = Date.now();
    const held = this.#window(this.#prefix + key, now);
    if (held !== undefined && (held.left > 0 || held.usedUp)) {
      take(held, callback, max, now);
    } else if (lease === undefined || now < restUntil) {
      take(this.#countLocally(key, windowMs, max, now), callback, max, now);
    } else {
      const waiting = this.#waiting.get(key);
      if (waiting !== undefined) {
        waiting.push({ callback, windowMs, max });
        return;
      }
      this.#waiting.set(key, [{ callback, windowMs, max }]);
      this.#ask(lease, key, windowMs, max);
    }
  }

  child(routeOptions: RouteOptions): FastifyRateLimitStore {
    // typed as the route's options, given as the limit's options with the route in `routeInfo`
    const { routeInfo } = routeOptions as unknown as { routeInfo: { method?: string; url?: string } };
    return new LeaseStore(this.#shared, `${routeInfo.method ?? ''}${routeInfo.url ?? ''}:`);
  }

  #ask(lease: RedisScript, key: string, windowMs: number, max: number): void {
    lease([this.#prefix + key], [windowMs, max, leaseShare]).then(
      (reply) => {
        const [granted, ttlMs] = reply as [number, number];
        const endsAt = Date.now() + ttlMs;
        this.#shared.windows.set(this.#prefix + key, { left: granted, usedUp: granted === 0, endsAt });
        this.#answer(key);
      },
      (error: unknown) => {
        this.#shared.restUntil = Date.now() + restMs;
        this.#shared.onFallback(error);
        this.#answer(key);
      },
    );
  }

  /** The first request that finds the lease spent asks again, for those behind it as well. */
  #answer(key: string): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (const { callback, windowMs, max } of waiting) this.incr(key, callback, windowMs, max);
  }

  #countLocally(key: string, windowMs: number, max: number, now: number): Window {
    const local = `local:${this.#prefix}${key}`;
    const held = this.#window(local, now);
    if (held !== undefined) return held;
    const window = { left: max, usedUp: true, endsAt: now + windowMs };
    this.#shared.windows.set(local, window);
    return window;
  }

  #window(key: string, now: number): Window | undefined {
    const window = this.#shared.windows.get(key);
    return window === undefined || window.endsAt > now ? window : undefined;
  }
}

/** Lets one request of the window pass, or refuses it. */
function take(window: Window, callback: Callback, max: number, now: number): void {
  const passes = window.left > 0;
  if (passes) window.left -= 1;
  callback(null, { current: passes ? 1 : max + 1, ttl: Math.max(1, window.endsAt - now) });
}
