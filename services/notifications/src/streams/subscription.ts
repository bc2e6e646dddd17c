import type { Redis } from '@homeroom/redis';

const retryMs = 500;

/**
 * Keeps a connection subscribed to one channel, also after it was lost.
 * @param redis a connection of its own, opened by `connectRedis`: it does nothing but subscribe.
 */
export class Subscription {
  readonly #redis: Redis;
  readonly #channel: string;
  readonly #onSubscribed: () => void;
  readonly #onFailed: (error: unknown) => void;
  #closed = false;

  constructor(options: {
    redis: Redis;
    channel: string;
    onMessage: (text: string) => void;
    /** After each (re)connection: what was published before it may have been lost. */
    onSubscribed: () => void;
    onFailed: (error: unknown) => void;
  }) {
    const { redis, onMessage } = options;
    this.#redis = redis;
    this.#channel = options.channel;
    this.#onSubscribed = options.onSubscribed;
    this.#onFailed = options.onFailed;
    redis.on('message', (_channel: string, text: string) => onMessage(text));
    redis.on('ready', this.#onReady);
    if (redis.status === 'ready') this.#onReady();
  }

  close(): void {
    this.#closed = true;
    this.#redis.off('ready', this.#onReady);
  }

  readonly #onReady = (): void => void this.#subscribe();

  async #subscribe(): Promise<void> {
    try {
      await this.#redis.subscribe(this.#channel);
    } catch (error) {
      this.#onFailed(error);
      // a connection that breaks comes back as `ready`; one that was only slow must be asked again
      if (!this.#closed) setTimeout(() => this.#redis.status === 'ready' && this.#onReady(), retryMs).unref();
      return;
    }
    this.#onSubscribed();
  }
}
