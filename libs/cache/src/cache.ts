import { within } from '@homeroom/resilience';
import { LRUCache } from 'lru-cache';
import { randomUUID } from 'node:crypto';
import { SecondTier } from './second-tier.ts';
import { subscribe } from './subscription.ts';
import type { Cache, CacheEvent, CacheOptions } from './types.ts';

/** A load under way, that every caller of this process waits for. */
interface Flight {
  promise: Promise<string | undefined>;
  /** The key was invalidated meanwhile: its value must be stored nowhere. */
  voided: boolean;
}

/**
 * Opens a cache. Opens one connection to Redis of its own, to hear invalidations; `close()` ends it.
 * @throws {Error} at once, with a sentence, for options that make no sense.
 */
export function openCache(options: CacheOptions): Cache {
  check(options);
  const { name, redis, keyPrefix, onEvent, loadTimeoutMs = 10_000 } = options;
  const origin = randomUUID();
  const channel = `${keyPrefix}invalidated`;
  const emit = (event: CacheEvent): void => onEvent?.(event);
  const l1Hit: CacheEvent = { kind: 'hit', cache: name, tier: 'l1' };
  const l1 = new LRUCache<string, string>({ max: options.l1.maxEntries, ttl: options.l1.ttlMs });
  const l2 = redis && new SecondTier(redis, options, channel, origin, emit);
  const flights = new Map<string, Flight>();
  const filling = new Set<Promise<void>>();

  const forget = (key: string): void => {
    l1.delete(key);
    const flight = flights.get(key);
    if (flight === undefined) return;
    flight.voided = true;
    flights.delete(key); // who asks from now on must not be given a value from before
  };

  const forgetAll = (): void => {
    if (l1.size === 0 && flights.size === 0) return;
    l1.clear();
    for (const key of [...flights.keys()]) forget(key);
    emit({ kind: 'flushed', cache: name });
  };

  const subscription =
    redis &&
    subscribe(redis, channel, {
      pingMs: Math.max(1000, options.l1.ttlMs),
      onGap: forgetAll,
      onError: (error) => emit({ kind: 'l2-error', cache: name, operation: 'subscribe', error }),
      onMessage: (message) => {
        const space = message.indexOf(' ');
        if (message.slice(0, space) === origin) return;
        forget(message.slice(space + 1));
        emit({ kind: 'invalidated', cache: name, origin: 'elsewhere' });
      },
    });

  const store = (key: string, value: string, flight: Flight, lease: string | undefined): void => {
    if (flight.voided) {
      emit({ kind: 'stale-fill-refused', cache: name });
      return;
    }
    l1.set(key, value);
    if (l2 === undefined || lease === undefined) return;
    // the caller does not wait for this
    const fill = l2.fill(key, lease, value).then((stored) => {
      filling.delete(fill);
      if (stored) return;
      // invalidated elsewhere, and the message about it may still be on its way
      if (l1.peek(key) === value) l1.delete(key);
      emit({ kind: 'stale-fill-refused', cache: name });
    });
    filling.add(fill);
  };

  const fetch = async (
    key: string,
    load: () => Promise<string | undefined>,
    flight: Flight,
  ): Promise<string | undefined> => {
    const answer = await l2?.get(key);
    if (typeof answer === 'object' && 'value' in answer) {
      emit({ kind: 'hit', cache: name, tier: 'l2' });
      if (!flight.voided) l1.set(key, answer.value);
      return answer.value;
    }
    emit({ kind: 'miss', cache: name, reason: answer === 'down' ? 'l2-down' : 'absent' });
    const startedAt = performance.now();
    const late = (): Error => new Error(`cache ${name}: the load of a value took longer than ${loadTimeoutMs} ms`);
    const value = await within(loadTimeoutMs, load(), late);
    emit({ kind: 'loaded', cache: name, durationMs: performance.now() - startedAt });
    if (value !== undefined) store(key, value, flight, typeof answer === 'object' ? answer.lease : undefined);
    return value;
  };

  const takeOff = async (key: string, load: () => Promise<string | undefined>): Promise<string | undefined> => {
    const flight: Flight = { promise: Promise.resolve(undefined), voided: false };
    flights.set(key, flight);
    flight.promise = fetch(key, load, flight);
    try {
      return await flight.promise;
    } finally {
      if (flights.get(key) === flight) flights.delete(key);
    }
  };

  return {
    peek: (key) => {
      const held = l1.get(key);
      if (held !== undefined) onEvent?.(l1Hit);
      return held;
    },
    get: async (key, load) => {
      const held = l1.get(key);
      if (held !== undefined) {
        onEvent?.(l1Hit);
        return held;
      }
      const flight = flights.get(key);
      if (flight === undefined) return takeOff(key, load);
      emit({ kind: 'coalesced', cache: name });
      return flight.promise;
    },
    invalidate: async (...keys) => {
      for (const key of keys) {
        forget(key);
        emit({ kind: 'invalidated', cache: name, origin: 'here' });
      }
      if (keys.length > 0) await l2?.invalidate(keys);
    },
    close: async () => {
      subscription?.close();
      await Promise.all(filling);
      l2?.close();
      l1.clear();
    },
  };
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
