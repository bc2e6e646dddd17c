export { openCache, type Cache } from './cache.ts';
export type { CacheEvent } from './types.ts';
