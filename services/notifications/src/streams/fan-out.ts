import { chassisProblem } from '@homeroom/chassis';
import type { Database } from '@homeroom/postgres';
import type { Redis } from '@homeroom/redis';
import { readSessionsEnded, type SessionStore } from '@homeroom/sessions';
import { errors } from '../errors.ts';
import { isSameInbox, readAnnouncement } from './sse.ts';
import { Stream, type CloseReason, type Reader } from './stream.ts';
import { keepSubscribed } from './subscription.ts';
import { sweepInboxes, sweepSessions } from './sweep.ts';

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
  | { kind: 'subscription-failed' | 'stream-failed' | 'sweep-failed' | 'session-check-failed'; error: unknown };

/**
 * Feeds the open streams of one process. Workers announce on a Redis channel what they have committed; every API process
 * subscribes once and passes on what its own streams are for. Redis is only for speed: the sweep after every heartbeat and
 * every reconnect finds what it lost by comparing positions with Postgres.
 *
 * A stream ends with its session in the same way: at once when libs/sessions announces it, at the next sweep when the
 * announcement was lost or the session expired. While the sessions' Redis is unavailable it is unknown whether a session
 * has ended: open streams stay, for at most `maxAgeMs`, as a request in progress would; new ones get 503.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  /** Hundreds: few enough to look through them all. */
  readonly #streams = new Set<Stream>();
  readonly #unsubscribe: readonly (() => void)[];
  readonly #timer: NodeJS.Timeout;
  #closed = false;

  constructor(options: FanOutOptions) {
    this.#options = options;
    const { redis, channel, sessionsRedis, sessionsChannel, heartbeatMs } = options;
    const onFailed = (error: unknown): void => this.#emit({ kind: 'subscription-failed', error });
    const sweepAfter = (to: 'announcements' | 'sessions', sweep: () => Promise<void>) => () => {
      this.#emit({ kind: 'subscribed', to });
      void sweep();
    };
    this.#unsubscribe = [
      keepSubscribed({
        redis,
        channel,
        onMessage: (text) => this.#announce(text),
        onSubscribed: sweepAfter('announcements', () => this.#sweepInboxes()),
        onFailed,
      }),
      keepSubscribed({
        redis: sessionsRedis,
        channel: sessionsChannel,
        onMessage: (text) => this.#endSessions(text),
        onSubscribed: sweepAfter('sessions', () => this.#sweepSessions()),
        onFailed,
      }),
    ];
    this.#timer = setInterval(() => void this.#beat(), heartbeatMs);
    this.#timer.unref();
  }

  size(): number {
    return this.#streams.size;
  }

  /** @throws {Problem} `too_many_streams` 429, `streams_full` 503, `unauthenticated` 401, `sessions_unavailable` 503 */
  async open({ lastEventId, ...reader }: Reader & { lastEventId?: string | undefined }): Promise<Stream> {
    const { database, sessions, maxStreams, maxStreamsPerAccount, maxAgeMs } = this.#options;
    if (this.#closed || this.#streams.size >= maxStreams) throw errors.problem('streams_full');
    if (this.#ofAccount(reader.accountId).length >= maxStreamsPerAccount) throw errors.problem('too_many_streams');
    const stream = new Stream(reader, {
      endsAt: Date.now() + maxAgeMs * (0.8 + Math.random() * 0.2),
      database,
      onError: (error) => this.#emit({ kind: 'stream-failed', error }),
      onEnd: (reason) => this.#emit({ kind: 'ended', reason }),
    });
    this.#streams.add(stream);
    stream.output.once('close', () => this.#streams.delete(stream));
    try {
      // the session may have ended after the request was authenticated and before the stream was listed here
      const [alive] = await Promise.all([sessions.alive([reader.token]), stream.start(lastEventId)]);
      if (!alive.has(reader.token)) throw chassisProblem('unauthenticated');
    } catch (error) {
      stream.output.destroy();
      throw error;
    }
    return stream;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const stream of this.#streams) stream.end('shutdown');
  }

  #ofAccount(accountId: string): Stream[] {
    return [...this.#streams].filter(({ reader }) => reader.accountId === accountId);
  }

  #emit(event: FanOutEvent): void {
    this.#options.onEvent?.(event);
  }

  #announce(text: string): void {
    const announcement = readAnnouncement(text);
    if (announcement === undefined) return;
    for (const stream of this.#streams) if (isSameInbox(stream.reader, announcement)) stream.announce(announcement);
  }

  #endSessions(text: string): void {
    const ended = readSessionsEnded(text);
    if (ended === undefined) return;
    for (const stream of this.#ofAccount(ended.accountId)) {
      const id = ended.sessionId;
      if (id === undefined || id === this.#options.sessions.idOf(stream.reader.token)) stream.end('signed-out');
    }
  }

  async #beat(): Promise<void> {
    const now = Date.now();
    for (const stream of this.#streams) {
      if (now > stream.endsAt) stream.end('renew');
      else stream.beat();
    }
    await Promise.all([this.#sweepSessions(), this.#sweepInboxes()]);
  }

  #sweepInboxes(): Promise<void> {
    return sweepInboxes([...this.#streams], this.#options.database).catch((error: unknown) =>
      this.#emit({ kind: 'sweep-failed', error }),
    );
  }

  #sweepSessions(): Promise<void> {
    return sweepSessions([...this.#streams], this.#options.sessions).catch((error: unknown) =>
      this.#emit({ kind: 'session-check-failed', error }),
    );
  }
}
