import type { Cache, CacheOptions } from './types.ts';

/** Opens a cache. */
export function openCache(_options: CacheOptions): Cache {
  throw new Error('not yet');
}
