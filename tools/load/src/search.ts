import { setTimeout } from 'node:timers/promises';
import type { Answer, Call, Client } from './client.ts';

/** Less than ten seconds in total: systems that recover do so within them. */
const growingMs = [250, 500, 1_000, 2_000, 4_000];
const pausesAtMostMs = 10_000;

export interface SearchOptions {
  /** The pauses between tries, which are one more. */
  readonly pausesMs?: readonly number[] | undefined;
  /** How long all searches together may wait without a result, so that an outage does not take hours. */
  readonly inVainMs?: number;
  /** Ends the search. */
  readonly signal?: AbortSignal | undefined;
}

type Caller = Pick<Client, 'call'>;
type Read<T> = (answer: Answer) => T | undefined;

/** Looks for what was confirmed. An unavailable service does not mean that anything was lost. */
export class Search {
  readonly #pausesMs: readonly number[];
  readonly #signal: AbortSignal | undefined;
  #leftMs: number;

  constructor({ pausesMs = growingMs, inVainMs = 60_000, signal }: SearchOptions = {}) {
    this.#pausesMs = pausesMs;
    this.#leftMs = inVainMs;
    this.#signal = signal;
  }

  /** Repeats the call until `read` returns a result; undefined when it never does. */
  async ask<T>(client: Caller, call: Call, read: Read<T>): Promise<T | undefined> {
    let pausedMs = 0;
    for (let tries = 0; this.#leftMs > 0 && this.#signal?.aborted !== true; tries += 1) {
      const began = performance.now();
      const { found, retryAfter } = await attempt(client, call, read);
      if (found !== undefined) return found;
      const pauseMs = pauseAfter(retryAfter, this.#pausesMs[tries], pausedMs);
      if (pauseMs !== undefined) await this.#pause(pauseMs);
      this.#leftMs -= performance.now() - began;
      if (pauseMs === undefined) break;
      pausedMs += pauseMs;
    }
    return undefined;
  }

  async #pause(ms: number): Promise<void> {
    // an abort ends the pause, and the loop checks the signal
    await setTimeout(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}

/** A failed call and an unreadable response count as no result. */
async function attempt<T>(
  client: Caller,
  call: Call,
  read: Read<T>,
): Promise<{ found?: T | undefined; retryAfter?: string | undefined }> {
  try {
    const answer = await client.call(call);
    return { found: read(answer), retryAfter: answer.headers['retry-after'] };
  } catch {
    return {};
  }
}

/** The next pause; undefined when the tries or the time are used up. */
export function pauseAfter(
  retryAfter: string | undefined,
  ownMs: number | undefined,
  pausedMs: number,
): number | undefined {
  if (ownMs === undefined) return undefined;
  // the header's other form, a date, is not used here
  const askedMs = Number(retryAfter ?? 0) * 1_000;
  const pauseMs = askedMs > ownMs ? askedMs : ownMs; // NaN is not greater
  return pausedMs + pauseMs > pausesAtMostMs ? undefined : pauseMs;
}
