import { createHash } from 'node:crypto';
import { Redis, ReplyError } from 'ioredis';

/** The Redis client that the libs take. */
export type { Redis } from 'ioredis';

/**
 * Opens a Redis client that never makes a request wait: commands fail at once while the connection is down, and after
 * `commandTimeoutMs` when the server is slow. It reconnects for ever, at most a second apart.
 * Resolves at the first connection, or after `connectTimeoutMs` without one: a process starts without its Redis.
 */
export async function connectRedis(
  url: string,
  {
    name,
    commandTimeoutMs = 2_000,
    connectTimeoutMs = 1_000,
    onError,
  }: { name?: string; commandTimeoutMs?: number; connectTimeoutMs?: number; onError?: (error: Error) => void } = {},
): Promise<Redis> {
  const redis = new Redis(url, {
    ...(name === undefined ? {} : { connectionName: name }),
    commandTimeout: commandTimeoutMs,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(1_000, 50 * 2 ** Math.min(attempt, 5)),
  });
  redis.on('error', (error: Error) => onError?.(error));
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, connectTimeoutMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  return redis;
}

/**
 * Prepares a Lua script: one round trip, by its digest, so that the text travels once per Redis server and not with every
 * call.
 */
export function redisScript(
  redis: Redis,
  text: string,
): (keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown> {
  const digest = createHash('sha1').update(text).digest('hex');
  return async (keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof ReplyError) || !String(error).includes('NOSCRIPT')) throw error;
      return redis.eval(text, keys.length, ...keys, ...args);
    }
  };
}
