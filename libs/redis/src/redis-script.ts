import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Runs a prepared script. @returns what the script returns, as ioredis converts it. */
export type RedisScript = (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

/**
 * Prepares a Lua script: one round trip, by its digest, so that the text is sent once per Redis server, not with every call.
 * @param text takes its keys from `KEYS` and everything else from `ARGV`, both counted from 1.
 */
export function redisScript(redis: Redis, text: string): RedisScript {
  const digest = createHash('sha1').update(text).digest('hex');
  return async (keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return redis.eval(text, keys.length, ...keys, ...args);
    }
  };
}
