import type { Redis } from '@homeroom/redis';
import type { Added } from '../notifications/store.ts';
import { notificationFrame, writeAnnouncement } from './sse.ts';

/** Announces what has been committed to every API process. After a failure, streams find it at their next heartbeat. */
export async function announce(
  { redis, channel, onError }: { redis: Redis; channel: string; onError: (error: unknown) => void },
  added: readonly Added[],
): Promise<void> {
  for (const notification of added) {
    const { coopId, audience, position } = notification;
    const text = writeAnnouncement({ coopId, audience, position, frame: notificationFrame(notification) });
    await redis.publish(channel, text).catch(onError);
  }
}
