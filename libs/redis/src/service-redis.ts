import type { Shell } from '@homeroom/telemetry';
import { connectRedis, type Redis } from './connect-redis.ts';

/**
 * Opens a process's connection to Redis: logged, watched by a health check, closed at the end. The check is not critical: a
 * process without its Redis still answers part of its requests.
 * @param redis the instance: the name of the health check, such as `redis-cache`.
 * @param options.watched false for a second connection to the same instance.
 */
export async function openServiceRedis(
  { name, logger, health, onClose }: Pick<Shell, 'name' | 'logger' | 'health' | 'onClose'>,
  redis: string,
  url: string,
  { watched = true }: { watched?: boolean } = {},
): Promise<Redis> {
  const client = await connectRedis(url, { name, onError: (err) => logger.warn({ err, redis }, 'redis error') });
  // not quit(): that is a command, and fails while Redis is down
  onClose(redis, async () => client.disconnect());
  if (watched) health.check(redis, () => client.ping(), { critical: false });
  return client;
}
