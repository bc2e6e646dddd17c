import type { Redis, RedisOptions } from 'ioredis';

interface SubscriptionOptions {
  readonly onMessage: (message: string) => void;
  readonly onGap: () => void;
  readonly onError: (error: unknown) => void;
  readonly pingMs: number;
}

/**
 * Receives what other processes invalidate, over a connection of its own. Pub/sub keeps nothing for a disconnected client, so
 * `onGap` is called whenever something may have been missed: when the connection drops and when it is back.
 */
export function subscribe(
  redis: Redis,
  channel: string,
  { onMessage, onGap, onError, pingMs }: SubscriptionOptions,
): { close: () => void } {
  const subscriber = redis.duplicate<Partial<RedisOptions>>({
    autoResubscribe: false,
    lazyConnect: false,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => Math.min(50 * 2 ** times, 2000) * (0.5 + Math.random() / 2),
  });
  let closed = false;
  subscriber.on('error', onError);
  subscriber.on('message', (_channel: string, message: string) => onMessage(message));
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).then(onGap, reconnect);
  });
  subscriber.on('close', () => {
    if (!closed) onGap();
  });
  // a connection that died silently looks like an idle one
  let asked = false;
  const pinging = setInterval(() => {
    if (asked) reconnect(new Error(`no answer to a ping within ${pingMs} ms`));
    else if (subscriber.status === 'ready') {
      asked = true;
      subscriber.ping().then(() => {
        asked = false;
      }, reconnect);
    }
  }, pingMs).unref();

  function reconnect(error: unknown): void {
    if (closed) return;
    asked = false;
    onError(error);
    subscriber.disconnect(true);
  }

  return {
    close: () => {
      closed = true;
      clearInterval(pinging);
      subscriber.disconnect();
    },
  };
}
