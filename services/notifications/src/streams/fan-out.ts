import { chassisProblem } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { readSessionsEnded, type SessionStore } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { readAnnouncement } from './sse.ts';
import { lastPositions } from './store.ts';
import { Stream, type CloseReason } from './stream.ts';
import { Subscription } from './subscription.ts';

export interface FanOutOptions {
  readonly database: Database;
  /** A connection of its own, opened by `connectRedis`: it does nothing but subscribe. */
  readonly redis: Redis;
  readonly channel: string;
  readonly sessions: Pick<SessionStore, 'alive' | 'idOf'>;
  /** Another such connection, to the Redis of the sessions, and the channel on which ended ones are announced. */
  readonly sessionsRedis: Redis;
  readonly sessionsChannel: string;
  readonly maxStreams: number;
  readonly maxStreamsPerAccount: number;
  readonly heartbeatMs: number;
  /** A stream ends after this and its client reconnects with its cookie. */
  readonly maxAgeMs: number;
  readonly onEvent?: (event: FanOutEvent) => void;
}

export type FanOutEvent =
  | { kind: 'subscribed'; to: 'announcements' | 'sessions' }
  | { kind: 'ended'; reason: CloseReason }
  | { kind: 'subscription-failed'; error: unknown }
  | { kind: 'stream-failed'; error: unknown }
  | { kind: 'sweep-failed'; error: unknown }
  | { kind: 'session-check-failed'; error: unknown };

const sweepSize = 1_000;

/**
 * The open streams of one process. Workers announce on a Redis channel what they have committed; every API process
 * subscribes once and passes on what its own streams are for. Redis only makes it quick: whatever it loses, the sweep after
 * every heartbeat and after every reconnect finds by comparing positions with Postgres.
 *
 * A stream ends with its session in the same way: at once when libs/sessions announces it, at the next sweep when the
 * announcement was lost or the session expired. While the sessions' Redis is unavailable nobody knows whether a session
 * has ended: open streams stay, for at most `maxAgeMs`, as a request in progress would; new ones get 503.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #byAudience = new Index();
  readonly #byAccount = new Index();
  readonly #subscriptions: readonly Subscription[];
  readonly #timer: NodeJS.Timeout;
  #size = 0;
  #closed = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
    const { redis, channel, sessionsRedis, sessionsChannel, heartbeatMs, onEvent } = options;
    const onFailed = (error: unknown): void => onEvent?.({ kind: 'subscription-failed', error });
    this.#subscriptions = [
      new Subscription({
        redis,
        channel,
        onMessage: (text) => this.#announce(text),
        onSubscribed: () => {
          onEvent?.({ kind: 'subscribed', to: 'announcements' });
          void this.#sweep();
        },
        onFailed,
      }),
      new Subscription({
        redis: sessionsRedis,
        channel: sessionsChannel,
        onMessage: (text) => this.#endSessions(text),
        onSubscribed: () => {
          onEvent?.({ kind: 'subscribed', to: 'sessions' });
          void this.#sweepSessions();
        },
        onFailed,
      }),
    ];
    this.#timer = setInterval(() => void this.#beat(), heartbeatMs);
    this.#timer.unref();
  }

  size(): number {
    return this.#size;
  }

  /** @throws {Problem} `too_many_streams` 429, `streams_full` 503, `unauthenticated` 401, `sessions_unavailable` 503 */
  async open({
    audience,
    accountId,
    token,
    lastEventId,
  }: {
    audience: string;
    accountId: string;
    /** Of the session that the stream ends with. */
    token: string;
    lastEventId?: string | undefined;
  }): Promise<Stream> {
    const { database, sessions, maxStreams, maxStreamsPerAccount, maxAgeMs, onEvent } = this.#options;
    if (this.#closed || this.#size >= maxStreams) throw errors.problem('streams_full');
    if (this.#byAccount.get(accountId).size >= maxStreamsPerAccount) throw errors.problem('too_many_streams');
    const endsAt = Date.now() + maxAgeMs * (0.8 + Math.random() * 0.2);
    const stream = new Stream({
      audience,
      accountId,
      token,
      endsAt,
      database,
      onError: (error) => onEvent?.({ kind: 'stream-failed', error }),
      onEnd: (reason) => onEvent?.({ kind: 'ended', reason }),
    });
    this.#add(stream);
    try {
      // the session may have ended after the request was authenticated and before the stream was listed here
      const [alive] = await Promise.all([sessions.alive([token]), stream.start(lastEventId)]);
      if (!alive.has(token)) throw chassisProblem('unauthenticated');
    } catch (error) {
      stream.output.destroy();
      throw error;
    }
    return stream;
  }

  /** Ends every stream when the process shuts down. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.close();
    for (const stream of this.#byAudience.all()) stream.end('shutdown');
  }

  #add(stream: Stream): void {
    this.#byAudience.add(stream.audience, stream);
    this.#byAccount.add(stream.accountId, stream);
    this.#size += 1;
    stream.onClose(() => {
      this.#byAudience.delete(stream.audience, stream);
      this.#byAccount.delete(stream.accountId, stream);
      this.#size -= 1;
    });
  }

  #announce(text: string): void {
    const announcement = readAnnouncement(text);
    if (announcement === undefined) return;
    for (const stream of this.#byAudience.get(announcement.audience)) stream.announce(announcement);
  }

  #endSessions(text: string): void {
    const ended = readSessionsEnded(text);
    if (ended === undefined) return;
    for (const stream of this.#byAccount.get(ended.accountId)) {
      const id = ended.sessionId;
      if (id === undefined || id === this.#options.sessions.idOf(stream.token)) stream.end('signed-out');
    }
  }

  async #beat(): Promise<void> {
    const now = Date.now();
    for (const stream of this.#byAudience.all()) {
      if (now > stream.endsAt) stream.end('renew');
      else stream.beat();
    }
    await Promise.all([this.#sweepSessions(), this.#sweep()]);
  }

  async #sweep(): Promise<void> {
    try {
      for (const audiences of batches(this.#byAudience.keys())) {
        const positions = await lastPositions(this.#options.database, audiences);
        for (const [audience, position] of positions) {
          for (const stream of this.#byAudience.get(audience)) stream.expect(position);
        }
      }
    } catch (error) {
      this.#options.onEvent?.({ kind: 'sweep-failed', error });
    }
  }

  async #sweepSessions(): Promise<void> {
    try {
      for (const streams of batches(this.#byAudience.all())) {
        const alive = await this.#options.sessions.alive([...new Set(streams.map(({ token }) => token))]);
        for (const stream of streams) if (!alive.has(stream.token)) stream.end('signed-out');
      }
    } catch (error) {
      this.#options.onEvent?.({ kind: 'session-check-failed', error });
    }
  }
}

function* batches<T>(all: Iterable<T>): Generator<T[]> {
  const list = [...all];
  for (let at = 0; at < list.length; at += sweepSize) yield list.slice(at, at + sweepSize);
}

const none: ReadonlySet<Stream> = new Set();

/** Streams by one of their properties. */
class Index {
  readonly #sets = new Map<string, Set<Stream>>();

  get(key: string): ReadonlySet<Stream> {
    return this.#sets.get(key) ?? none;
  }

  add(key: string, stream: Stream): void {
    const set = this.#sets.get(key) ?? new Set();
    this.#sets.set(key, set.add(stream));
  }

  delete(key: string, stream: Stream): void {
    const set = this.#sets.get(key);
    set?.delete(stream);
    if (set?.size === 0) this.#sets.delete(key);
  }

  keys(): Iterable<string> {
    return this.#sets.keys();
  }

  *all(): Generator<Stream> {
    for (const set of this.#sets.values()) yield* set;
  }
}
