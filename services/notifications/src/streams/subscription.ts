import type { Redis } from '@homeroom/redis';

const retryMs = 500;

export interface SubscriptionOptions {
  /** A connection of its own, opened by `connectRedis`: it does nothing but subscribe. */
  readonly redis: Redis;
  readonly channel: string;
  readonly onMessage: (text: string) => void;
  /** After each (re)connection: what was published before it may have been lost. */
  readonly onSubscribed: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** Keeps a connection subscribed to one channel, also after it was lost. @returns what ends that. */
export function keepSubscribed({ redis, channel, onMessage, onSubscribed, onFailed }: SubscriptionOptions): () => void {
  let closed = false;
  const subscribe = (): void => {
    redis.subscribe(channel).then(onSubscribed, (error: unknown) => {
      onFailed(error);
      // a connection that breaks comes back as `ready`; one that was only slow must be asked again
      if (!closed) setTimeout(() => redis.status === 'ready' && subscribe(), retryMs).unref();
    });
  };
  redis.on('message', (_channel: string, text: string) => onMessage(text));
  redis.on('ready', subscribe);
  if (redis.status === 'ready') subscribe();
  return () => {
    closed = true;
    redis.off('ready', subscribe);
  };
}
