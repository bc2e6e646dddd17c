import type { Database } from '@homeroom/postgres';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { notificationsAfter } from '../notifications/store.ts';
import { notificationFrame, nothingYet, sseEvent, type Announcement } from './sse.ts';
import { inboxState } from './store.ts';

/** What a reader may leave unread in our memory before it is cut off; it comes back with its Last-Event-ID. */
const maxUnreadBytes = 256 * 1024;
const pageSize = 50;

/** Why the server ends a stream. After `signed-out` the client's reconnect gets 401. */
export type CloseReason = 'shutdown' | 'renew' | 'signed-out';

/** A client's first wait before it comes back, spread so that a restart does not bring all at once. */
const retryMs = (): number => 500 + Math.random() * 2_000;

/**
 * One open stream. It knows the last position that it wrote, so it can tell whether an announcement is the next one, an old
 * one, or one after a gap; gaps are read from Postgres, on the primary.
 */
export class Stream {
  readonly audience: string;
  readonly accountId: string;
  /** Of the session that the stream ends with. */
  readonly token: string;
  readonly endsAt: number;
  readonly #out = new PassThrough();
  readonly #database: Database;
  readonly #onError: (error: unknown) => void;
  readonly #onEnd: (reason: CloseReason) => void;
  #position = 0;
  #reading = true;
  #again = false;

  constructor(options: {
    audience: string;
    accountId: string;
    token: string;
    endsAt: number;
    database: Database;
    onError: (error: unknown) => void;
    onEnd: (reason: CloseReason) => void;
  }) {
    this.audience = options.audience;
    this.accountId = options.accountId;
    this.token = options.token;
    this.endsAt = options.endsAt;
    this.#database = options.database;
    this.#onError = options.onError;
    this.#onEnd = options.onEnd;
  }

  get output(): Readable {
    return this.#out;
  }

  onClose(listener: () => void): void {
    this.#out.once('close', listener);
  }

  /** Begins at the present, or after `lastEventId` when this inbox knows it. Announcements that arrive meanwhile count. */
  async start(lastEventId: string | undefined): Promise<void> {
    const known = lastEventId === nothingYet ? undefined : lastEventId;
    const { position, unreadCount, lastId, seen } = await inboxState(this.#database, this.audience, known);
    const resumed = lastEventId === nothingYet ? 0 : seen;
    this.#position = resumed ?? position;
    // the id of a fresh start is remembered by the client even if nothing ever happens: it can resume from there
    this.#write(
      sseEvent(
        'open',
        { unreadCount },
        { retryMs: retryMs(), ...(resumed === null ? { id: lastId ?? nothingYet } : {}) },
      ),
    );
    this.#reading = false;
    if (resumed !== null || this.#again) void this.catchUp();
  }

  announce({ position, frame }: Announcement): void {
    if (this.#reading) {
      this.#again = true;
    } else if (position === this.#position + 1) {
      this.#position = position;
      this.#write(frame);
    } else if (position > this.#position) {
      void this.catchUp();
    }
  }

  /** Catches up when the inbox has got this far and the stream has not: an announcement was lost. */
  expect(position: number): void {
    if (position > this.#position) void this.catchUp();
  }

  beat(): void {
    this.#write(': still here\n\n');
  }

  /** Asks the client to reconnect, and ends. Nothing is written after it. */
  end(reason: CloseReason): void {
    if (this.#out.destroyed || this.#out.writableEnded) return;
    this.#onEnd(reason);
    // a client that is behind would still read what waits in the buffer: the session's end cuts it off instead
    if (reason === 'signed-out' && this.#unreadBytes() > 0) {
      this.#out.destroy();
      return;
    }
    this.#out.end(sseEvent('close', { reason }, { retryMs: retryMs() }));
  }

  async catchUp(): Promise<void> {
    this.#again = true;
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (let full = false; (this.#again || full) && !this.#out.destroyed && !this.#out.writableEnded;) {
        this.#again = false;
        const page = { audience: this.audience, after: this.#position, limit: pageSize };
        const rows = await notificationsAfter(this.#database, page);
        for (const row of rows) {
          this.#position = row.position;
          this.#write(notificationFrame(row));
        }
        full = rows.length === pageSize;
        if (this.#out.writableNeedDrain) await Promise.race([once(this.#out, 'drain'), once(this.#out, 'close')]);
      }
    } catch (error) {
      this.#onError(error);
      this.#out.destroy();
    } finally {
      this.#reading = false;
    }
  }

  #unreadBytes(): number {
    return this.#out.readableLength + this.#out.writableLength;
  }

  #write(text: string): void {
    if (this.#out.destroyed || this.#out.writableEnded) return;
    if (this.#unreadBytes() > maxUnreadBytes) this.#out.destroy();
    else this.#out.write(text);
  }
}
