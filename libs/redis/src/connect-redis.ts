import { Redis } from 'ioredis';

export type { Redis } from 'ioredis';

/**
 * Opens a Redis client that never makes a request wait: commands fail at once while the connection is down, and after
 * `commandTimeoutMs` when the server is slow. It reconnects forever, at most a second apart.
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
