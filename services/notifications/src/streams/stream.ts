import type { CoopDatabase, Database } from '@homeroom/postgres';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { notificationsAfter } from '../notifications/store.ts';
import { notificationFrame, nothingYet, sseEvent, type Announcement, type Inbox } from './sse.ts';
import { inboxState } from './store.ts';

/** What a reader may leave unread in our memory before it is cut off; it reconnects with its Last-Event-ID. */
const maxUnreadBytes = 256 * 1024;
const pageSize = 50;

/** Why the server ends a stream. After `signed-out` the client's reconnect gets 401. */
export type CloseReason = 'shutdown' | 'renew' | 'signed-out';

/** How long a client waits before it reconnects, spread so that a restart does not bring all at once. */
const retryMs = (): number => 500 + Math.random() * 2_000;

/** Who reads a stream. */
export interface Reader extends Inbox {
  readonly accountId: string;
  /** Of the session that the stream ends with. */
  readonly token: string;
}

interface StreamOptions {
  readonly endsAt: number;
  readonly database: Database;
  readonly onError: (error: unknown) => void;
  readonly onEnd: (reason: CloseReason) => void;
}

/**
 * One open stream. It knows the last position that it wrote, so it recognizes whether an announcement is the next one, an old
 * one, or one after a gap; gaps are read from Postgres, on the primary.
 */
export class Stream {
  readonly reader: Reader;
  readonly #options: StreamOptions;
  readonly #out = new PassThrough();
  #position = 0;
  #reading = true;
  #again = false;

  constructor(reader: Reader, options: StreamOptions) {
    this.reader = reader;
    this.#options = options;
  }

  get output(): Readable {
    return this.#out;
  }

  get endsAt(): number {
    return this.#options.endsAt;
  }

  /** Begins at the present, or after `lastEventId` when this inbox knows it. Announcements that arrive meanwhile count. */
  async start(lastEventId: string | undefined): Promise<void> {
    const known = lastEventId === nothingYet ? undefined : lastEventId;
    const { position, unreadCount, lastId, seen } = await inboxState(this.#db, this.reader.audience, known);
    const resumed = lastEventId === nothingYet ? 0 : seen;
    this.#position = resumed ?? position;
    // the client stores the id of a fresh start even if nothing ever happens: it can resume from there
    const id = resumed === null ? (lastId ?? nothingYet) : undefined;
    this.#write(sseEvent('open', { unreadCount }, { retryMs: retryMs(), id }));
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
    if (this.#ended()) return;
    this.#options.onEnd(reason);
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
      for (let full = false; (this.#again || full) && !this.#ended();) {
        this.#again = false;
        const page = { audience: this.reader.audience, after: this.#position, limit: pageSize };
        const rows = await notificationsAfter(this.#db, page);
        for (const row of rows) {
          this.#position = row.position;
          this.#write(notificationFrame(row));
        }
        full = rows.length === pageSize;
        if (this.#out.writableNeedDrain) await Promise.race([once(this.#out, 'drain'), once(this.#out, 'close')]);
      }
    } catch (error) {
      this.#options.onError(error);
      this.#out.destroy();
    } finally {
      this.#reading = false;
    }
  }

  get #db(): CoopDatabase {
    return this.#options.database.ofCoop(this.reader.coopId);
  }

  #ended(): boolean {
    return this.#out.destroyed || this.#out.writableEnded;
  }

  #unreadBytes(): number {
    return this.#out.readableLength + this.#out.writableLength;
  }

  #write(text: string): void {
    if (this.#ended()) return;
    if (this.#unreadBytes() > maxUnreadBytes) this.#out.destroy();
    else this.#out.write(text);
  }
}
