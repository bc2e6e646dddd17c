import type { Redis } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import { errors } from '../errors.ts';
import { readAnnouncement } from './sse.ts';
import { lastPositions } from './store.ts';
import { Stream } from './stream.ts';

export interface FanOutOptions {
  readonly database: Database;
  /** A connection of its own, opened by `connectRedis`: it does nothing but subscribe. */
  readonly redis: Redis;
  readonly channel: string;
  readonly maxStreams: number;
  readonly maxStreamsPerAccount: number;
  readonly heartbeatMs: number;
  /** A stream ends after this and its client comes back with its cookie: the longest that a signed-out one stays open. */
  readonly maxAgeMs: number;
  readonly onEvent?: (event: FanOutEvent) => void;
}

export type FanOutEvent =
  | { kind: 'subscribed' }
  | { kind: 'subscription-failed'; error: unknown }
  | { kind: 'stream-failed'; error: unknown }
  | { kind: 'sweep-failed'; error: unknown };

const sweepSize = 1_000;
const subscribeAgainMs = 500;

/**
 * The open streams of one process. Workers announce on a Redis channel what they have committed; every API process
 * subscribes once and passes on what its own streams are for. Redis only makes it quick: whatever it loses, the sweep after
 * every heartbeat and after every reconnect finds by comparing positions with Postgres.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #streams = new Map<string, Set<Stream>>();
  readonly #perAccount = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #size = 0;
  #closed = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
    const { redis, heartbeatMs } = options;
    redis.on('message', (_channel: string, text: string) => this.#announce(text));
    redis.on('ready', this.#onReady);
    if (redis.status === 'ready') this.#onReady();
    this.#timer = setInterval(() => void this.#beat(), heartbeatMs);
    this.#timer.unref();
  }

  size(): number {
    return this.#size;
  }

  /** @throws {Problem} `too_many_streams` 429, `streams_full` 503 */
  async open({
    audience,
    accountId,
    lastEventId,
  }: {
    audience: string;
    accountId: string;
    lastEventId?: string | undefined;
  }): Promise<Stream> {
    const { database, maxStreams, maxStreamsPerAccount, maxAgeMs, onEvent } = this.#options;
    if (this.#closed || this.#size >= maxStreams) throw errors.problem('streams_full');
    if ((this.#perAccount.get(accountId) ?? 0) >= maxStreamsPerAccount) throw errors.problem('too_many_streams');
    const endsAt = Date.now() + maxAgeMs * (0.8 + Math.random() * 0.2);
    const onError = (error: unknown): void => onEvent?.({ kind: 'stream-failed', error });
    const stream = new Stream({ audience, accountId, endsAt, database, onError });
    this.#add(stream);
    try {
      await stream.start(lastEventId);
    } catch (error) {
      stream.output.destroy();
      throw error;
    }
    return stream;
  }

  /** Ends every stream, for a process that is going away. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.redis.off('ready', this.#onReady);
    for (const stream of this.#all()) stream.end('shutdown');
  }

  #add(stream: Stream): void {
    const { audience, accountId } = stream;
    const set = this.#streams.get(audience) ?? new Set();
    this.#streams.set(audience, set.add(stream));
    this.#perAccount.set(accountId, (this.#perAccount.get(accountId) ?? 0) + 1);
    this.#size += 1;
    stream.onClose(() => {
      set.delete(stream);
      if (set.size === 0 && this.#streams.get(audience) === set) this.#streams.delete(audience);
      const left = (this.#perAccount.get(accountId) ?? 1) - 1;
      if (left === 0) this.#perAccount.delete(accountId);
      else this.#perAccount.set(accountId, left);
      this.#size -= 1;
    });
  }

  *#all(): Generator<Stream> {
    for (const set of this.#streams.values()) yield* set;
  }

  #announce(text: string): void {
    const announcement = readAnnouncement(text);
    if (announcement === undefined) return;
    for (const stream of this.#streams.get(announcement.audience) ?? []) stream.announce(announcement);
  }

  readonly #onReady = (): void => void this.#subscribe();

  async #subscribe(): Promise<void> {
    const { redis, channel, onEvent } = this.#options;
    try {
      await redis.subscribe(channel);
    } catch (error) {
      onEvent?.({ kind: 'subscription-failed', error });
      // a connection that breaks comes back as `ready`; one that was only slow must be asked again
      if (!this.#closed) setTimeout(() => redis.status === 'ready' && this.#onReady(), subscribeAgainMs).unref();
      return;
    }
    onEvent?.({ kind: 'subscribed' });
    await this.#sweep();
  }

  async #beat(): Promise<void> {
    const now = Date.now();
    for (const stream of this.#all()) {
      if (now > stream.endsAt) stream.end('renew');
      else stream.beat();
    }
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const audiences = [...this.#streams.keys()];
    try {
      for (let at = 0; at < audiences.length; at += sweepSize) {
        const positions = await lastPositions(this.#options.database, audiences.slice(at, at + sweepSize));
        for (const [audience, position] of positions) {
          for (const stream of this.#streams.get(audience) ?? []) stream.expect(position);
        }
      }
    } catch (error) {
      this.#options.onEvent?.({ kind: 'sweep-failed', error });
    }
  }
}
