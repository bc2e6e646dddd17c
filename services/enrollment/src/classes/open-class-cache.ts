import { openCache, type Cache, type CacheEvent } from '@homeroom/cache';
import type { Logger, Metrics, Shell } from '@homeroom/chassis';
import { openServiceRedis, type Redis } from '@homeroom/redis';
import type { CacheConfig } from '../config.ts';

/**
 * Class details with their seats, as JSON text. Everyone reads them and seats change, so entries live briefly, and events
 * invalidate them sooner. An enrollment is checked in Postgres: a stale entry can never oversell a class.
 */
export function openClassCache(options: {
  redis: Redis;
  prefix?: string;
  l1TtlMs: number;
  l2TtlSeconds: number;
  logger: Logger;
  metrics: Metrics;
}): Cache {
  const { redis, prefix = '', l1TtlMs, l2TtlSeconds } = options;
  return openCache({
    name: 'classes',
    redis,
    keyPrefix: `${prefix}enrollment:classes:v1:`,
    l1: { maxEntries: 5_000, ttlMs: l1TtlMs },
    l2: { ttlSeconds: l2TtlSeconds },
    onEvent: observe(options),
  });
}

/** A class of a co-op: on the host of another one, its id finds nothing. */
export const classKey = (coopId: string, classId: string): string => `${coopId}:${classId}`;

/** A process's class cache, on its Redis for caches; closed at the end. */
export async function openServiceClassCache(shell: Shell<CacheConfig>): Promise<Cache> {
  const { config, logger, metrics } = shell;
  const classes = openClassCache({
    redis: await openServiceRedis(shell, 'redis-cache', config.REDIS_CACHE_URL),
    l1TtlMs: config.CLASS_L1_TTL_MS,
    l2TtlSeconds: config.CLASS_L2_TTL_SECONDS,
    logger,
    metrics,
  });
  shell.onClose('class cache', () => classes.close());
  return classes;
}

function observe({ logger, metrics }: { logger: Logger; metrics: Metrics }): (event: CacheEvent) => void {
  const events = metrics.counter('cache_events_total', 'Cache events', ['cache', 'kind', 'tier']);
  const loads = metrics.histogram('cache_load_seconds', 'Duration of loads into the cache, in seconds', ['cache']);
  return (event) => {
    events.inc({ cache: event.cache, kind: event.kind, tier: event.kind === 'hit' ? event.tier : '' });
    if (event.kind === 'loaded') loads.observe({ cache: event.cache }, event.durationMs / 1_000);
    if (event.kind === 'l2-state') logger.info({ cache: event.cache, state: event.state }, 'cache breaker changed');
  };
}
