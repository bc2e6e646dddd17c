export { openCache } from './cache.ts';
export type { Cache, CacheEvent } from './types.ts';
