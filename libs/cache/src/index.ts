export { openCache } from './cache.ts';
export type { Cache, CacheEvent, CacheOptions } from './types.ts';
